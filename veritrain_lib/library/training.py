"""Train on rows that passed the gate; no run is opened and no model registered."""

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
    """A model that was just trained, with what was measured of it; shows itself in a notebook.

    Attributes:
        model: The model.
        result: Measures on development rows, and tables.
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
    """Train the task's trainer on rows that passed the gate, and measure the model on development rows.

    Args:
        task: The task.
        data: What `gate` returned, a dataset, or `NAME@VERSION`; several of them are put together, each row once.
        parameters: Parameters of the trainer that replace those of the task file.
        seed: Seed of the training.

    Raises:
        Refused: Rows did not pass the gate.
        UserError: The trainer is paid, so that its jobs belong into the record, or refuses a parameter.
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
    """Return datasets as one, each row once; one that has not passed stays alone, so that training refuses it."""
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
