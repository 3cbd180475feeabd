"""Background job that writes a report which a client requested, by running the report stage's notebook."""

from __future__ import annotations

from veritrain_lib.execution.jobs import JobRunner
from veritrain_lib.execution.runner_choice import notebook_runner
from veritrain_lib.loop.stage_job import finish_background_tasks, run_stage
from veritrain_lib.server.jobs.run_end import execute_run
from veritrain_lib.server.resources.reports.record import CONTENT_TAG
from veritrain_lib.server.tasks import task_of_run
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.report_listing import EXPERIMENT_TAG, HIDDEN_TAG


def write_report(run_id: str, runner: JobRunner | None = None) -> None:
    """Write the content of a report that a client requested.

    The MLflow run ends as FINISHED, or FAILED with the reason.

    Args:
        run_id: Id of the report's MLflow run, whose tags name the experiment.
        runner: Runner of notebooks; None for the one that the settings choose.
    """
    runs.resume(run_id)
    run = runs.get(run_id)
    job_runner = runner or notebook_runner()

    def work() -> str:
        parameters = {"round_run": run_id, "about": run.data.tags[EXPERIMENT_TAG]}
        with finish_background_tasks(job_runner):
            stage_run = run_stage(task_of_run(run), "report", parameters, runner=job_runner)
        if not stage_run.stored:
            # The stage run is this report; it is not listed as another one.
            runs.tag(stage_run.run_id, {HIDDEN_TAG: run_id})
        runs.tag(run_id, {CONTENT_TAG: stage_run.run_id, runs.NOTE_TAG: stage_run.result.headline})
        return str(stage_run.result.headline)

    execute_run(run_id, work)
