"""Background jobs of datasets: run the quality gate on an upload, or generate new rows and run the gate on them."""

from __future__ import annotations

import contextlib
import json

from veritrain_lib.core.errors import UserError
from veritrain_lib.execution.jobs import JobRunner
from veritrain_lib.loop.dataset_gate import gate_draft, reported_to, run_stage_of
from veritrain_lib.server.jobs.run_end import execute_run
from veritrain_lib.server.resources.datasets.generation import PARAMETERS_TAG
from veritrain_lib.server.tasks import task_of_run
from veritrain_lib.tracking import datasets, event_log, runs


def gate_upload(run_id: str, runner: JobRunner | None = None) -> None:
    """Run the quality gate's notebook on an uploaded dataset, as a background job.

    A blocked dataset is a result, not an error. If the gate itself fails, the dataset stays a draft and the reason is
    stored with it.

    Args:
        run_id: Id of the MLflow run that made the dataset.
        runner: Runner of notebooks; None for the one that the settings choose.
    """
    with contextlib.suppress(UserError), reported_to(run_id):
        gate_draft(task_of_run(runs.get(run_id)), run_id, run_id, runner)


def generate_and_gate(run_id: str, runner: JobRunner | None = None) -> None:
    """Generate rows with the generate stage's notebook, then run the quality gate on them, as a background job.

    The MLflow run ends as FINISHED, or as FAILED with the reason if a stage failed.

    Args:
        run_id: Id of the MLflow run that holds the parameters.
        runner: Runner of notebooks; None for the one that the settings choose.
    """
    runs.resume(run_id)
    run = runs.get(run_id)

    def work() -> str:
        task = task_of_run(run)
        parameters = json.loads(run.data.tags[PARAMETERS_TAG])
        event_log.append(run_id, "status", "generation starts", data={"status": "running"})
        generated = run_stage_of(task, run_id, "generate", parameters, runner)
        headline, dataset = generated.result.headline, datasets.of_run(generated.run_id)
        if dataset is not None:
            verdict = gate_draft(task, generated.run_id, run_id, runner)
            headline = f"{headline} {verdict.result.headline}"
        runs.tag(run_id, {runs.NOTE_TAG: headline, "veritrain.outcome": generated.result.outcome})
        return str(headline)

    execute_run(run_id, work)
