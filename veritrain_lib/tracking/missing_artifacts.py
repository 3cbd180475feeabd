"""What was stored and is not there any more: named, with what brings it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import Infrastructure

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Run


class Gone(Infrastructure):
    """A file, dataset, model or run of the record is gone, or not as it was stored."""


def of_run(run: Run, name: str) -> Gone:
    """For a file of a run."""
    tags = run.data.tags
    stage, task = tags.get("veritrain.stage", ""), tags.get("veritrain.task", "TASK")
    what = f"run {run.info.run_id}" + (f" ({stage} of task {task})" if stage else "")
    return Gone(f"{name} of {what} is gone, or not as it was stored. {_again(task) if stage else FROM_COPY}")


def of_dataset(run: Run, reference: str, name: str) -> Gone:
    """For a dataset, by the run that made it."""
    tags = run.data.tags
    again = _again(tags.get("veritrain.task", "TASK")) if tags.get("veritrain.stage") else FROM_COPY
    return Gone(
        f"dataset {reference}: {name} of run {run.info.run_id} is gone, or not as it was stored (its digest differs). {again}"
    )


def of_model(uri: str, task: str, name: str) -> Gone:
    """For a registered model that a loop trained."""
    return Gone(
        f"the model {uri} can't be opened: its file {name} is gone, or not as it was stored. {_again(task)}"
    )


def of_experiment(task: str, experiment_id: str, store: str) -> Gone:
    """For the experiment of a task, in MLflow's trash; `store` is the address of the record, "" for a secret one."""
    where = f"MLFLOW_TRACKING_URI={store} " if store else ""
    return Gone(
        f"the MLflow experiment {task!r} is deleted: it lies in MLflow's trash with all that this task has. "
        f"Bring it back: {where}mlflow experiments restore --experiment-id {experiment_id}"
    )


FROM_COPY = "Restore it from a copy, or file it again."


def _again(task: str) -> str:
    return f"The loop makes again what it has made: veritrain loop {task}"
