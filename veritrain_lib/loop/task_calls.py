"""Jobs of the Celery tasks that programs call by name: `train_model` and `check_quality_gate`.

Like a stage of a loop (`remote_stages.py`), each call is queued in the table of jobs, so that it survives lost messages
and killed workers. `task_results.py` runs it on the worker.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.loop import task_bundle
from veritrain_lib.loop.experiment_run import request_of
from veritrain_lib.loop.remote_stages import LORA
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.state import database
from veritrain_lib.tracking.state.jobs import QueuedJob


def train_model(experiment_id: str) -> QueuedJob:
    """Create the job that runs an experiment: training on its dataset, evaluation and report. The caller queues it.

    Args:
        experiment_id: Id of the experiment, as `POST /api/v1/experiments` returned it: the id of its MLflow run.

    Returns:
        The job. A scheduled experiment is marked with its id, so that it can not be started a second time.

    Raises:
        UserError: There is no such experiment, or workers can't get the files of its task.
        Infrastructure: MLflow's tracking store is not in PostgreSQL.
    """
    database.require_shared("the Celery task train_model")
    run = runs.get(experiment_id)
    if request_of(run) is None:
        raise UserError(
            f"run {experiment_id} is no experiment that somebody requested; POST /api/v1/experiments makes one"
        )
    job = _job("train_model", run, {"experiment_id": experiment_id})
    if run.info.status == "SCHEDULED" and runs.JOB_TAG not in run.data.tags:
        # As by `POST .../start`: it can't be started a second time, and can be stopped.
        runs.tag(experiment_id, {runs.JOB_TAG: job.id, runs.CELERY_TAG: job.id})
    return job


def check_quality_gate(dataset_id: str) -> QueuedJob:
    """Create the job that runs the quality gate on a dataset. The caller queues it.

    Args:
        dataset_id: Id of the dataset in the API: the id of the MLflow run that made it.

    Returns:
        The job.

    Raises:
        UserError: There is no such run, or workers can't get the files of its task.
        Infrastructure: MLflow's tracking store is not in PostgreSQL.
    """
    database.require_shared("the Celery task check_quality_gate")
    return _job("check_quality_gate", runs.get(dataset_id), {"dataset_id": dataset_id})


CALLS: Mapping[str, Callable[..., QueuedJob]] = {
    "train_model": train_model,
    "check_quality_gate": check_quality_gate,
}
"""Function that returns the job of each Celery task, by the task's name; its arguments are those of the task."""


def _job(call: str, run: runs.Run, arguments: Mapping[str, str]) -> QueuedJob:
    name = run.data.tags.get("veritrain.task", "")
    if not name:
        raise UserError(f"run {run.info.run_id} belongs to no task of Veri-Train")
    payload: dict[str, Any] = {
        **task_bundle.published(name),
        "call": call,
        "arguments": dict(arguments),
        "code": digest.of_code(),
    }
    needs_card = call == "train_model" and run.data.params.get("trainer") == LORA
    job_id = str(uuid.uuid4())
    title = f"{call} of task {name}, run {run.info.run_id[:8]}"
    return QueuedJob(job_id, title, payload, "gpu" if needs_card else "cpu", message=job_id)
