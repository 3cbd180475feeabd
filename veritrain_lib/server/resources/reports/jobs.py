"""Background job of a report: the report stage, run by its notebook."""

from __future__ import annotations

from veritrain_lib.execution.jobs import JobRunner, LocalRunner, warm_kernels_requested
from veritrain_lib.loop.stage_job import finish_background_tasks, run_stage
from veritrain_lib.server.jobs.run_end import execute_run
from veritrain_lib.server.resources.reports.record import CONTENT_TAG
from veritrain_lib.server.tasks import task_of_run
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.report_listing import EXPERIMENT_TAG, HIDDEN_TAG


def write_report(run_id: str, runner: JobRunner | None = None) -> None:
    """Write the content of a run of kind `report`; the run ends with the status of the report stage."""
    runs.resume(run_id)
    run = runs.get(run_id)
    job_runner = runner or LocalRunner(warm=warm_kernels_requested(default=True))

    def work() -> str:
        parameters = {"round_run": run_id, "about": run.data.tags[EXPERIMENT_TAG]}
        with finish_background_tasks(job_runner):
            stage_run = run_stage(task_of_run(run), "report", parameters, runner=job_runner)
        if not stage_run.stored:
            # The stage run is this report; it is not listed as another one.
            runs.tag(stage_run.run_id, {HIDDEN_TAG: run_id})
        runs.tag(run_id, {CONTENT_TAG: stage_run.run_id, runs.NOTE_TAG: stage_run.result.headline})
        return str(stage_run.result.headline)

    execute_run(run_id, work, status="draft")
