"""The work of the train stage: a challenger is trained on accepted rows, and measured on development rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from veritrain_lib.core.errors import Refused
from veritrain_lib.stages.stage_result import Measure
from veritrain_lib.stages.train.result import TrainResult

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Dataset, Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model
    from veritrain_lib.trainers.base import Fitted


class TrainConfig(BaseModel):
    """Parameters of the train stage: only the random seed. The trainer and its own parameters are in the task file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0


def run(
    config: TrainConfig,
    task: Task,
    dataset: Dataset,
    development: pd.DataFrame,
    model_context: Callable[[Model], AbstractContextManager[Model]] = nullcontext,
    on_step: Callable[[int, Mapping[str, float]], None] | None = None,
) -> tuple[TrainResult, Fitted]:
    """Train a challenger on a dataset and measure it on development rows.

    Args:
        config: The parameters of the stage.
        task: The task.
        dataset: The training data, which must have passed the gate.
        development: The development rows.
        model_context: Context manager around the model while it answers, for example to trace its calls.
        on_step: Function that the trainer calls after each step with the step's number and its numbers by name; None
            for no reports.

    Returns:
        The stage's result, and what the trainer returned.

    Raises:
        Refused: when the gate blocked the dataset, or has not judged it.
    """
    from veritrain_lib.metrics.base import open_metrics, references_of
    from veritrain_lib.stages.measuring import measure_all
    from veritrain_lib.teachers.synthesis.slices import slice_column
    from veritrain_lib.trainers.base import open_trainer

    _refuse_unless_passed(task, dataset)
    trainer = open_trainer(task)
    trainer.on_step = on_step
    fitted = trainer.train(task, dataset.rows, seed=config.seed)
    with model_context(fitted.model) as model:
        responses = model.answer(development)
    measures = measure_all(open_metrics(task), references_of(task, development), responses, config.seed)
    measures["training_rows"] = Measure(value=len(dataset.rows))
    primary = measures[task.primary.name]
    headline = (
        f"Trained {task.trainer.name} on {len(dataset.rows)} rows of {dataset.reference}: development "
        f"{task.primary.name} {primary.value:.3f} ({primary.low:.3f} to {primary.high:.3f}, n={primary.n})."
    )
    result = TrainResult(
        headline=headline,
        measures=measures,
        rows=len(dataset.rows),
        by=slice_column(task) or "dataset",
        tables=_tables(task, dataset.rows, development, responses),
    )
    return result, fitted


def _refuse_unless_passed(task: Task, dataset: Dataset) -> None:
    if dataset.status == "passed":
        return
    remedy = (
        "correct the data or the suite and run the gate again"
        if dataset.status == "blocked"
        else f"run the gate first: veritrain gate {task.name} --dataset {dataset.reference}"
    )
    raise Refused(
        f"dataset {dataset.reference} is {dataset.status}; only a passed dataset can be trained on: {remedy}"
    )


def _tables(
    task: Task, rows: pd.DataFrame, development: pd.DataFrame, responses: list[Response]
) -> dict[str, pd.DataFrame]:
    """Return the tables of a training's result by name: predictions, labels, errors, sources (see `TrainResult`)."""
    import pandas as pd

    from veritrain_lib.stages.added_rows_effect import sources_of
    from veritrain_lib.stages.measuring import grades_by_slice
    from veritrain_lib.teachers.synthesis.slices import ALL_ROWS, slice_column

    predictions = _predictions(task, development, responses)
    by = slice_column(task)
    development_slices = development[by] if by else pd.Series(ALL_ROWS, index=development.index)
    return {
        "predictions": predictions,
        "labels": _rows_by_slice(rows, rows[by] if by else pd.Series(ALL_ROWS, index=rows.index)),
        "errors": grades_by_slice(development_slices.tolist(), predictions["grade"].tolist()),
        "sources": sources_of(rows),
    }


def _predictions(task: Task, development: pd.DataFrame, responses: list[Response]) -> pd.DataFrame:
    """Return a table of the model's answer to each development row, with its score and its grade (0 to 1)."""
    import pandas as pd

    from veritrain_lib.metrics.base import open_metrics, references_of, row_scores

    predictions = pd.DataFrame(
        {
            "id": development["id"].tolist(),
            "expected": development[task.target.field].tolist(),
            "answer": [response.best or "" for response in responses],
            "score": [
                response.candidates[0].score if response.candidates else None for response in responses
            ],
        }
    )
    predictions["correct"] = predictions["expected"] == predictions["answer"]
    predictions["grade"] = row_scores(open_metrics(task)[0], references_of(task, development), responses)
    return predictions


def _rows_by_slice(rows: pd.DataFrame, slices: pd.Series[str]) -> pd.DataFrame:
    """Return the number of training rows of each slice: human rows (`before`) and all rows (`after`).

    Args:
        rows: The training rows.
        slices: The slice of each row.
    """
    import pandas as pd

    return (
        pd.DataFrame(
            {
                "before": slices[rows["source"] == "human"].value_counts(),
                "after": slices.value_counts(),
            }
        )
        .fillna(0)
        .astype(int)
        .rename_axis("label")
        .reset_index()
        .sort_values("label")
    )
