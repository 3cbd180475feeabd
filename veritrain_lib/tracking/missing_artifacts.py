"""Errors for stored data that is missing or changed, with the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import Infrastructure

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Run


class MissingArtifact(Infrastructure):
    """A file, dataset, model or run of the store is missing or was changed after it was stored."""


def of_run(run: Run, name: str) -> MissingArtifact:
    """Return the error for a file of a run."""
    tags = run.data.tags
    stage, task = tags.get("veritrain.stage", ""), tags.get("veritrain.task", "TASK")
    description = f"run {run.info.run_id}" + (f" ({stage} of task {task})" if stage else "")
    return MissingArtifact(
        f"{name} of {description} is missing, or not as it was stored. {_loop_remedy(task) if stage else RESTORE_REMEDY}"
    )


def of_dataset(run: Run, reference: str, name: str) -> MissingArtifact:
    """Return the error for a dataset, by the run that made it."""
    tags = run.data.tags
    remedy = (
        _loop_remedy(tags.get("veritrain.task", "TASK")) if tags.get("veritrain.stage") else RESTORE_REMEDY
    )
    return MissingArtifact(
        f"dataset {reference}: {name} of run {run.info.run_id} is missing, or not as it was stored (its digest differs). {remedy}"
    )


def of_model(uri: str, task: str, name: str) -> MissingArtifact:
    """Return the error for a registered model that a loop trained."""
    return MissingArtifact(
        f"the model {uri} can't be opened: its file {name} is missing, or not as it was stored. {_loop_remedy(task)}"
    )


def of_experiment(task: str, experiment_id: str, tracking_uri: str) -> MissingArtifact:
    """Return the error for the deleted experiment of a task; `tracking_uri` is empty when it is secret."""
    prefix = f"MLFLOW_TRACKING_URI={tracking_uri} " if tracking_uri else ""
    return MissingArtifact(
        f"the MLflow experiment {task!r} is deleted: it lies in MLflow's trash with all that this task has. "
        f"Bring it back: {prefix}mlflow experiments restore --experiment-id {experiment_id}"
    )


RESTORE_REMEDY = "Restore it from a copy, or file it again."


def _loop_remedy(task: str) -> str:
    return f"The loop makes again what it has made: veritrain loop {task}"
