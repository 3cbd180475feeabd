"""Errors for stored files, datasets, models and experiments that are missing or changed, with ways to restore them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import Infrastructure

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Run


class MissingArtifact(Infrastructure):
    """Error: something that was stored in MLflow, such as a file, dataset or model, is missing or was changed since."""


def missing_file(run: Run, name: str) -> MissingArtifact:
    """Return the error for the file `name` of a run that is missing or was changed."""
    tags = run.data.tags
    stage, task = tags.get("veritrain.stage", ""), tags.get("veritrain.task", "TASK")
    description = f"run {run.info.run_id}" + (f" ({stage} of task {task})" if stage else "")
    return MissingArtifact(
        f"{name} of {description} is missing, or not as it was stored. {_loop_remedy(task) if stage else RESTORE_REMEDY}"
    )


def missing_dataset(
    run: Run, reference: str, name: str, holder_id: str, holder: Run | None
) -> MissingArtifact:
    """Return the error for a dataset whose file `name` is missing or was changed.

    Args:
        run: The run that made the dataset.
        reference: The dataset's `NAME@VERSION`.
        name: Name of the file.
        holder_id: Id of the run that held the file: that of `run`, or of the run of an earlier dataset with some of its
            rows.
        holder: The run with that id, which may be deleted; None if MLflow no longer has it.
    """
    tags = run.data.tags
    remedy = (
        _loop_remedy(tags.get("veritrain.task", "TASK")) if tags.get("veritrain.stage") else RESTORE_REMEDY
    )
    if holder is None:
        condition = "is gone with the run"
    elif holder.info.lifecycle_stage == "deleted":
        condition = "is deleted with the run"
        remedy = f"Bring it back: mlflow runs restore --run-id {holder_id}. {remedy}"
    else:
        condition = "is missing, or not as it was stored (its digest differs)"
    return MissingArtifact(f"dataset {reference}: {name} of run {holder_id} {condition}. {remedy}")


def missing_model(uri: str, task: str, name: str) -> MissingArtifact:
    """Return the error for a registered model whose file `name` is missing or was changed.

    Args:
        uri: Address of the model.
        task: Name of the task whose loop trained it.
        name: Name of the file.
    """
    return MissingArtifact(
        f"the model {uri} can't be opened: its file {name} is missing, or not as it was stored. {_loop_remedy(task)}"
    )


def missing_experiment(task: str, experiment_id: str, tracking_uri: str) -> MissingArtifact:
    """Return the error for a task whose MLflow experiment was deleted, with the command that restores it.

    Args:
        task: Name of the task.
        experiment_id: MLflow's id of the experiment.
        tracking_uri: Tracking URI for the command; empty to leave it out because it holds a password.
    """
    prefix = f"MLFLOW_TRACKING_URI={tracking_uri} " if tracking_uri else ""
    return MissingArtifact(
        f"the MLflow experiment {task!r} is deleted: it lies in MLflow's trash with all that this task has. "
        f"Bring it back: {prefix}mlflow experiments restore --experiment-id {experiment_id}"
    )


RESTORE_REMEDY = "Restore it from a copy, or file it again."


def _loop_remedy(task: str) -> str:
    return f"The loop makes again what it has made: veritrain loop {task}"
