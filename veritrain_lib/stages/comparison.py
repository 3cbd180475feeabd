"""Champion and challenger side by side: the tables of an evaluation."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from veritrain_lib.stages.result import Measure

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.metrics.base import Metric
    from veritrain_lib.records import Response
    from veritrain_lib.task import Task


class Sealed(BaseModel):
    """What the sealed set said, without its rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int
    look: int
    look_alpha: float
    p: float
    test: str
    champion: float
    challenger: float
    difference: float
    low: float
    high: float
    level: float
    detectable: float | None
    explanation: str


def metric_table(
    task: Task,
    metrics: list[Metric],
    references: list[str],
    old: list[Response],
    new: list[Response],
    seed: int,
) -> pd.DataFrame:
    """One line a metric: both models with 95 % intervals, and their paired difference (bootstrap)."""
    import pandas as pd

    from veritrain_lib.stages.measuring import measure_metric
    from veritrain_lib.statistics.bootstrap import paired_bootstrap

    lines = []
    for metric in metrics:
        a, b = (measure_metric(metric, references, responses, seed) for responses in (old, new))

        def change(rows: np.ndarray, metric: Metric = metric) -> float:
            chosen = [references[row] for row in rows]
            return metric.value(chosen, [new[row] for row in rows]) - metric.value(
                chosen, [old[row] for row in rows]
            )

        paired = paired_bootstrap(change, len(references), n_resamples=400, seed=seed)
        lines.append(
            {
                "metric": metric.name,
                "champion": a.value,
                "champion_low": a.low,
                "champion_high": a.high,
                "challenger": b.value,
                "challenger_low": b.low,
                "challenger_high": b.high,
                "difference": paired.difference,
                "low": paired.interval.low,
                "high": paired.interval.high,
                "n": len(references),
                "signature": metric.signature(),
            }
        )
    return pd.DataFrame(lines)


def slice_table(slices: Any) -> pd.DataFrame:
    """One line a slice, as `statistics.slices` judged it; the columns are there without any slice too."""
    import pandas as pd

    lines = []
    for part in slices:
        line = asdict(part)
        interval = line.pop("interval")
        lines.append(line | {"low": interval["low"], "high": interval["high"]})
    names = [
        "name",
        "n",
        "champion",
        "challenger",
        "difference",
        "low",
        "high",
        "p_worse",
        "p_holm",
        "detectable_loss",
        "verdict",
    ]
    return pd.DataFrame(lines, columns=names)


def predictions(
    development: pd.DataFrame, task: Task, old: list[Response], new: list[Response]
) -> pd.DataFrame:
    """One line a row: inputs, the expected answer, both models' answers and whether they were right."""
    target = task.target.field
    rows = (
        development[["id", *task.inputs, target]].rename(columns={target: "expected"}).reset_index(drop=True)
    )
    rows["champion"] = [response.best or "" for response in old]
    rows["challenger"] = [response.best or "" for response in new]
    rows["champion_correct"] = rows["champion"] == rows["expected"]
    rows["challenger_correct"] = rows["challenger"] == rows["expected"]
    return rows


def confusions(references: list[str], responses: list[Response]) -> pd.DataFrame:
    """Wrong answers counted: expected, answered, count; the most frequent first."""
    import pandas as pd

    wrong = [
        (wanted, response.best or "(none)")
        for wanted, response in zip(references, responses, strict=True)
        if response.best != wanted
    ]
    counted = (
        pd.DataFrame(wrong, columns=["expected", "answered"]).value_counts().rename("count").reset_index()
    )
    return counted.sort_values(["count", "expected", "answered"], ascending=[False, True, True]).reset_index(
        drop=True
    )


def measures(table: pd.DataFrame, sealed: Sealed | None) -> dict[str, Measure]:
    """The numbers that the record keeps: of each metric, and of the sealed set when it was opened."""
    measures = {}
    for line in table.to_dict("records"):
        name = line["metric"]
        measures[name] = Measure(
            value=line["challenger"], low=line["challenger_low"], high=line["challenger_high"], n=line["n"]
        )
        measures[f"champion_{name}"] = Measure(
            value=line["champion"], low=line["champion_low"], high=line["champion_high"], n=line["n"]
        )
        measures[f"gain_{name}"] = Measure(
            value=line["difference"], low=line["low"], high=line["high"], n=line["n"]
        )
    if sealed:
        measures["sealed_gain"] = Measure(
            value=sealed.difference, low=sealed.low, high=sealed.high, n=sealed.n
        )
        measures["sealed_champion"] = Measure(value=sealed.champion, n=sealed.n)
        measures["sealed_challenger"] = Measure(value=sealed.challenger, n=sealed.n)
        measures["sealed_p"] = Measure(value=sealed.p, n=sealed.n)
    return measures
