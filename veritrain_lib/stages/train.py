"""Train: a challenger from a passed dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from veritrain_lib.errors import Refused
from veritrain_lib.stages.result import Measure, StageResult

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.records import Dataset
    from veritrain_lib.task import Task
    from veritrain_lib.trainers.base import Fitted


class TrainConfig(BaseModel):
    """`seed` of the trainer; the trainer and its parameters are the task's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0


class TrainResult(StageResult):
    """Measures on development rows. Tables: `predictions` on them (id, expected, answer, correct, score),
    `labels` (rows by label, before this round and now), `errors` by label.

    `model` and `version` are filled in once the model is registered.
    """

    rows: int
    model: str = ""
    model_digest: str = ""

    def picture(self) -> Figure:
        """Training rows by label, before and now."""
        from veritrain_lib.reporting.pictures import label_counts

        return label_counts(self.tables["labels"])


def run(
    config: TrainConfig, task: Task, dataset: Dataset, development: pd.DataFrame
) -> tuple[TrainResult, Fitted]:
    """Train on a dataset and measure the model on development rows.

    Raises Refused when the dataset is blocked, or still a draft that no gate has judged.
    """
    import pandas as pd

    from veritrain_lib import registry
    from veritrain_lib.metrics.base import open_metrics
    from veritrain_lib.stages.measuring import measure_metric

    if dataset.status != "passed":
        mend = (
            "mend the data or the suite and run the gate again"
            if dataset.status == "blocked"
            else f"run the gate first: veritrain gate {task.name} --dataset {dataset.reference}"
        )
        raise Refused(
            f"dataset {dataset.reference} is {dataset.status}; "
            f"only a passed dataset can be trained on: {mend}"
        )
    fitted = registry.get("trainers", task.trainer.name)(**task.trainer.parameters).train(
        task, dataset.rows, seed=config.seed
    )
    responses = fitted.model.answer(development)
    target = task.target.field
    references = development[target].tolist()
    measures = {
        metric.name: measure_metric(metric, references, responses, config.seed)
        for metric in open_metrics(task)
    }
    measures["training_rows"] = Measure(value=len(dataset.rows))
    predictions = pd.DataFrame(
        {
            "id": development["id"].tolist(),
            "expected": references,
            "answer": [response.best or "" for response in responses],
            "score": [
                response.candidates[0].score if response.candidates else None for response in responses
            ],
        }
    )
    predictions["correct"] = predictions["expected"] == predictions["answer"]
    errors = (
        predictions.groupby("expected")["correct"]
        .agg(n="size", right="sum")
        .reset_index()
        .rename(columns={"expected": "slice"})
    )
    before = dataset.rows.loc[dataset.rows["source"] == "human", target].value_counts()
    now = dataset.rows[target].value_counts()
    counts = (
        pd.DataFrame({"before": before, "after": now})
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
        tables={"predictions": predictions, "labels": counts, "errors": errors},
    )
    return result, fitted
