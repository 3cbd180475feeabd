"""The train stage: a challenger is trained on a dataset that passed the gate, and measured on development rows."""

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

    from veritrain_lib.core.records import Dataset
    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model
    from veritrain_lib.trainers.base import Fitted


class TrainConfig(BaseModel):
    """Parameters of the train stage: the trainer's seed. The trainer and its own parameters are in the task file."""

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
    """Train on a dataset and measure the model on development rows.

    Args:
        config: Parameters of the stage.
        task: The task.
        dataset: The training data.
        development: The development rows.
        model_context: Wraps the model while it answers, for example to trace its answers.
        on_step: Called with step number and numbers by a trainer that trains in steps.

    Returns:
        The result, and what the trainer made.

    Raises:
        Refused: when the dataset is blocked, or is a draft that no gate has judged.
    """
    import pandas as pd

    from veritrain_lib.metrics.base import open_metrics, references_of, row_scores
    from veritrain_lib.stages.measuring import grades_by_slice, measure_all
    from veritrain_lib.stages.with_without import sources_of
    from veritrain_lib.teachers.synthesis.slices import ALL_ROWS, slice_column
    from veritrain_lib.trainers.base import open_trainer

    if dataset.status != "passed":
        remedy = (
            "correct the data or the suite and run the gate again"
            if dataset.status == "blocked"
            else f"run the gate first: veritrain gate {task.name} --dataset {dataset.reference}"
        )
        raise Refused(
            f"dataset {dataset.reference} is {dataset.status}; "
            f"only a passed dataset can be trained on: {remedy}"
        )
    trainer = open_trainer(task)
    trainer.on_step = on_step
    fitted = trainer.train(task, dataset.rows, seed=config.seed)
    with model_context(fitted.model) as model:
        responses = model.answer(development)
    references = references_of(task, development)
    metrics = open_metrics(task)
    measures = measure_all(metrics, references, responses, config.seed)
    measures["training_rows"] = Measure(value=len(dataset.rows))
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
    predictions["grade"] = row_scores(metrics[0], references, responses)
    by = slice_column(task)
    development_slices = development[by] if by else pd.Series(ALL_ROWS, index=development.index)
    errors = grades_by_slice(development_slices.tolist(), predictions["grade"].tolist())
    training_slices = dataset.rows[by] if by else pd.Series(ALL_ROWS, index=dataset.rows.index)
    counts = (
        pd.DataFrame(
            {
                "before": training_slices[dataset.rows["source"] == "human"].value_counts(),
                "after": training_slices.value_counts(),
            }
        )
        .fillna(0)
        .astype(int)
        .rename_axis("label")
        .reset_index()
        .sort_values("label")
    )
    primary = measures[task.primary.name]
    headline = (
        f"Trained {task.trainer.name} on {len(dataset.rows)} rows of {dataset.reference}: development "
        f"{task.primary.name} {primary.value:.3f} ({primary.low:.3f} to {primary.high:.3f}, n={primary.n})."
    )
    result = TrainResult(
        headline=headline,
        measures=measures,
        rows=len(dataset.rows),
        by=by or "dataset",
        tables={
            "predictions": predictions,
            "labels": counts,
            "errors": errors,
            "sources": sources_of(dataset.rows),
        },
    )
    return result, fitted
