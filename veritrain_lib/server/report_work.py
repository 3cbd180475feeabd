"""What is done for a report after its request was answered: the report stage, by its notebook."""

from __future__ import annotations

from veritrain_lib.execution.jobs import JobRunner, LocalRunner, asked_for_warm
from veritrain_lib.loop.stage_job import finishing, run_stage
from veritrain_lib.server.run_end import carry_out
from veritrain_lib.server.serializers.report import CONTENT
from veritrain_lib.server.serializers.task import task_of
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.report_listing import EXPERIMENT, HIDDEN


def write(run_id: str, runner: JobRunner | None = None) -> None:
    """Write the content of a run of kind `report`; the run ends as the report stage ends."""
    runs.take_up(run_id)
    run = runs.get(run_id)
    at_work = runner or LocalRunner(warm=asked_for_warm(default=True))

    def work() -> str:
        about = {"round_run": run_id, "about": run.data.tags[EXPERIMENT]}
        with finishing(at_work):
            done = run_stage(task_of(run), "report", about, runner=at_work)
        if not done.stored:
            # It is this report, and no other beside it.
            runs.tag(done.run_id, {HIDDEN: run_id})
        runs.tag(run_id, {CONTENT: done.run_id, runs.NOTE: done.result.headline})
        return str(done.result.headline)

    carry_out(run_id, work, status="draft")
