"""Library function to train a model on rows that passed the gate. It stores nothing in MLflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.library.data import as_dataset, open_dataset

if TYPE_CHECKING:
    from veritrain_lib.core.records import Dataset, DatasetStatus
    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model
    from veritrain_lib.stages.gate.result import GateResult
    from veritrain_lib.stages.train.result import TrainResult


@dataclass(frozen=True)
class TrainedModel:
    """A model that was just trained, with its measures; it displays them in a notebook.

    Attributes:
        model: The model.
        result: The train stage's result: measures on development rows, and tables.
    """

    model: Model = field(repr=False)
    result: TrainResult

    def _repr_html_(self) -> str:
        return self.result._repr_html_()


def train(
    task: Task,
    data: str | GateResult | Dataset | Sequence[GateResult | Dataset],
    *,
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> TrainedModel:
    """Train a model with the task's trainer on rows that passed the gate, and measure it on development rows.

    Args:
        task: The task.
        data: The verdict that `gate` returned, a dataset, or `NAME@VERSION`; or a list of these, from which each row is
            used once.
        parameters: Parameters of the trainer, by name, that replace those of the task file.
        seed: Random seed of the training.

    Returns:
        The trained model with its measures; it is not registered in MLflow.

    Raises:
        Refused: when rows did not pass the gate, or development rows hold private data that must not be sent to a judge.
        UserError: when there is no such dataset or the list is empty, the trainer refuses a parameter, or the trainer is
            paid, so that its jobs must be recorded in MLflow.
    """
    from veritrain_lib.stages.inputs.open_models import check_judged_metrics
    from veritrain_lib.stages.train.inputs import is_paid
    from veritrain_lib.stages.train.run import TrainConfig, run
    from veritrain_lib.stages.train.trainer_settings import task_with_parameters

    if is_paid(task):
        raise UserError(
            f"trainer {task.trainer.name} is paid and its jobs are recorded; run: veritrain train {task.path}"
        )
    check_judged_metrics(task)
    merged = {**task.trainer.parameters, **(parameters or {})}
    trained_task = task_with_parameters(task, merged)
    parts = [data] if isinstance(data, str) or not isinstance(data, Sequence) else list(data)
    dataset = _together(task, [_judged(task, part) for part in parts])
    development = open_dataset(task, "development").rows
    result, fitted = run(TrainConfig(seed=seed), trained_task, dataset, development)
    return TrainedModel(fitted.model, result)


def _judged(task: Task, data: str | GateResult | Dataset) -> Dataset:
    from veritrain_lib.core.digest import of_rows
    from veritrain_lib.core.records import RESERVED, Dataset
    from veritrain_lib.stages.gate.result import GateResult

    if not isinstance(data, GateResult):
        return as_dataset(task, data)
    rows = data.tables["accepted"][[RESERVED[0], *task.columns, *RESERVED[1:]]]
    status: DatasetStatus = "passed" if data.status == "passed" else "blocked"
    return Dataset(task.name, 0, status, of_rows(rows), rows)


def _together(task: Task, parts: list[Dataset]) -> Dataset:
    """Return several datasets as one that holds each row once.

    If one of them has not passed the gate, that one alone is returned, so that the training refuses it.

    Raises:
        UserError: when there is no dataset.
    """
    import pandas as pd

    from veritrain_lib.core.digest import of_rows
    from veritrain_lib.core.records import Dataset

    if not parts:
        raise UserError("no data to train on; give what gate returned")
    refused = [part for part in parts if part.status != "passed"]
    if refused or len(parts) == 1:
        return refused[0] if refused else parts[0]
    rows = pd.concat([part.rows for part in parts]).drop_duplicates("id", ignore_index=True)
    return Dataset(task.name, 0, "passed", of_rows(rows), rows)
