"""Champion and challenger side by side: the tables of an evaluation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from veritrain_lib.stages.result import Measure

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.metrics.base import Metric


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

    from veritrain_lib.stages.measuring import measure_all
    from veritrain_lib.statistics.bootstrap import paired_bootstrap

    lines: list[dict[str, Any]] = []
    before, after = (measure_all(metrics, references, responses, seed) for responses in (old, new))
    for metric in metrics:
        a, b = before[metric.name], after[metric.name]
        if a.value is None or b.value is None:
            lines.append({"metric": metric.name, "n": 0, "signature": metric.signature()})
            continue
        change = _change(metric, references, old, new)
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
    return pd.DataFrame(lines, columns=METRIC_COLUMNS)


METRIC_COLUMNS = [
    "metric",
    *(f"{role}{end}" for role in ("champion", "challenger") for end in ("", "_low", "_high")),
    "difference",
    "low",
    "high",
    "n",
    "signature",
]
"""Of the table of metrics; numbers are missing where there was nothing to measure."""


def _change(
    metric: Metric, references: list[str], old: list[Response], new: list[Response]
) -> Callable[[np.ndarray], float]:
    """From row numbers, repeats included, to the metric of the new answers minus that of the old ones; 0 where there is
    nothing to measure in them."""
    from veritrain_lib.stages.measuring import measured_or

    before, after = (metric.per_row(references, responses) for responses in (old, new))
    if before is not None and after is not None:
        moved = after - before
        return lambda rows: float(moved[rows].mean())

    def of_all(rows: np.ndarray) -> float:
        chosen = [references[row] for row in rows]
        values = [metric.value(chosen, [responses[row] for row in rows]) for responses in (new, old)]
        return measured_or(values[0] - values[1], 0.0)

    return of_all


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
    development: pd.DataFrame,
    task: Task,
    metric: Metric,
    references: list[str],
    old: list[Response],
    new: list[Response],
) -> pd.DataFrame:
    """One line a row: inputs, the expected answer, and of both models the answer, whether it is exactly the expected
    one, and its grade by the primary metric (0 to 1, higher is better)."""
    from veritrain_lib.metrics.base import row_scores

    target = task.target.field
    rows = (
        development[["id", *task.inputs, target]].rename(columns={target: "expected"}).reset_index(drop=True)
    )
    for role, responses in (("champion", old), ("challenger", new)):
        rows[role] = [response.best or "" for response in responses]
        rows[f"{role}_correct"] = rows[role] == rows["expected"]
        rows[f"{role}_grade"] = row_scores(metric, references, responses)
    return rows


def errors_by_slice(
    task: Task, rows: pd.DataFrame, predictions: pd.DataFrame, references: list[str], new: list[Response]
) -> pd.DataFrame:
    """One line a slice: rows, the mean grade of both models, and the challenger's most frequent mistake there."""
    import pandas as pd

    from veritrain_lib.metrics.mistakes import confusions
    from veritrain_lib.stages.slices import cut

    lines = []
    for name, mask in cut(task, rows).items():
        own = [at for at, inside in enumerate(mask) if inside]
        if not own:
            continue
        made = confusions(task, [references[at] for at in own], [new[at] for at in own])
        top = made.iloc[0] if len(made) else None
        lines.append(
            {
                "slice": name,
                "n": len(own),
                "champion": float(predictions["champion_grade"].iloc[own].mean()),
                "challenger": float(predictions["challenger_grade"].iloc[own].mean()),
                "most frequent error": "" if top is None else f"{top['expected']} → {top['answered']}",
                "rows with it": 0 if top is None else int(top["count"]),
            }
        )
    names = ["slice", "n", "champion", "challenger", "most frequent error", "rows with it"]
    return pd.DataFrame(lines, columns=names)


def measures(table: pd.DataFrame, sealed: Sealed | None) -> dict[str, Measure]:
    """The numbers that the record keeps: of each metric, and of the sealed set when it was opened."""
    measures: dict[str, Measure] = {}
    for line in table.to_dict("records"):
        name = line["metric"]
        if not line["n"]:
            measures |= {f"{role}{name}": Measure(value=None, n=0) for role in ("", "champion_", "gain_")}
            continue
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
