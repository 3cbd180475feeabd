"""Tables of an evaluation: metrics, slices, predictions and errors of champion and challenger.

Open this for the meaning of the columns of these tables, or of the measures of an evaluation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.evaluate.result import HeldOutResult
from veritrain_lib.stages.stage_result import Measure

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.metrics.base import Metric


def metric_table(
    task: Task,
    metrics: list[Metric],
    references: list[str],
    champion_responses: list[Response],
    challenger_responses: list[Response],
    seed: int,
) -> pd.DataFrame:
    """Return one row per metric: both models with 95 % intervals, and their paired difference (bootstrap).

    Args:
        task: The task.
        metrics: The metrics.
        references: The expected answers of the development rows.
        champion_responses: The champion's responses, in the order of the references.
        challenger_responses: The challenger's responses, in the order of the references.
        seed: Seed of the bootstrap.
    """
    import pandas as pd

    from veritrain_lib.stages.measuring import measure_all
    from veritrain_lib.statistics.bootstrap import paired_bootstrap

    lines: list[dict[str, Any]] = []
    before, after = (
        measure_all(metrics, references, responses, seed)
        for responses in (champion_responses, challenger_responses)
    )
    for metric in metrics:
        champion, challenger = before[metric.name], after[metric.name]
        if champion.value is None or challenger.value is None:
            lines.append({"metric": metric.name, "n": 0, "signature": metric.signature()})
            continue
        change = _difference_function(metric, references, champion_responses, challenger_responses)
        paired = paired_bootstrap(change, len(references), n_resamples=400, seed=seed)
        lines.append(
            {
                "metric": metric.name,
                "champion": champion.value,
                "champion_low": champion.low,
                "champion_high": champion.high,
                "challenger": challenger.value,
                "challenger_low": challenger.low,
                "challenger_high": challenger.high,
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
"""Columns of the table of metrics. Numbers are missing where there was nothing to measure."""


def _difference_function(
    metric: Metric,
    references: list[str],
    champion_responses: list[Response],
    challenger_responses: list[Response],
) -> Callable[[np.ndarray], float]:
    """Return a function from row numbers, with repeats, to the metric's value of the challenger minus the champion's.

    The function returns 0 where there is nothing to measure in these rows.
    """
    from veritrain_lib.stages.measuring import value_or

    before, after = (
        metric.per_row(references, responses) for responses in (champion_responses, challenger_responses)
    )
    if before is not None and after is not None:
        row_changes = after - before
        return lambda rows: float(row_changes[rows].mean())

    def difference(rows: np.ndarray) -> float:
        drawn_references = [references[row] for row in rows]
        values = [
            metric.value(drawn_references, [responses[row] for row in rows])
            for responses in (challenger_responses, champion_responses)
        ]
        return value_or(values[0] - values[1], 0.0)

    return difference


def slice_table(slices: Any) -> pd.DataFrame:
    """Return one row per slice, as `statistics.slices` judged it. Without slices the table has its columns and no row."""
    import pandas as pd

    lines = []
    for slice_result in slices:
        line = asdict(slice_result)
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
    champion_responses: list[Response],
    challenger_responses: list[Response],
) -> pd.DataFrame:
    """Return the answers of both models to the development rows.

    Columns: the inputs, the expected answer, and of both models the answer, whether it is exactly the expected one, and
    its grade by the primary metric (0 to 1, higher is better).
    """
    from veritrain_lib.metrics.base import row_scores

    target = task.target.field
    rows = (
        development[["id", *task.inputs, target]].rename(columns={target: "expected"}).reset_index(drop=True)
    )
    for role, responses in (("champion", champion_responses), ("challenger", challenger_responses)):
        rows[role] = [response.best or "" for response in responses]
        rows[f"{role}_correct"] = rows[role] == rows["expected"]
        rows[f"{role}_grade"] = row_scores(metric, references, responses)
    return rows


def errors_by_slice(
    task: Task,
    rows: pd.DataFrame,
    predictions: pd.DataFrame,
    references: list[str],
    challenger_responses: list[Response],
) -> pd.DataFrame:
    """Return one row per slice: rows, the mean grade of both models, and the challenger's most frequent mistake there."""
    import pandas as pd

    from veritrain_lib.metrics.mistakes import confusions
    from veritrain_lib.stages.slices import slice_masks

    lines = []
    for name, mask in slice_masks(task, rows).items():
        rows_of_slice = [row for row, inside in enumerate(mask) if inside]
        if not rows_of_slice:
            continue
        mistakes = confusions(
            task,
            [references[row] for row in rows_of_slice],
            [challenger_responses[row] for row in rows_of_slice],
        )
        top = mistakes.iloc[0] if len(mistakes) else None
        lines.append(
            {
                "slice": name,
                "n": len(rows_of_slice),
                "champion": float(predictions["champion_grade"].iloc[rows_of_slice].mean()),
                "challenger": float(predictions["challenger_grade"].iloc[rows_of_slice].mean()),
                "most frequent error": "" if top is None else f"{top['expected']} → {top['answered']}",
                "rows with it": 0 if top is None else int(top["count"]),
            }
        )
    names = ["slice", "n", "champion", "challenger", "most frequent error", "rows with it"]
    return pd.DataFrame(lines, columns=names)


def measures(table: pd.DataFrame, held_out: HeldOutResult | None) -> dict[str, Measure]:
    """Return the measures of an evaluation: of each metric, and of the held-out test set when it was unlocked."""
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
    if held_out:
        measures["held_out_gain"] = Measure(
            value=held_out.difference, low=held_out.low, high=held_out.high, n=held_out.n
        )
        measures["held_out_champion"] = Measure(value=held_out.champion, n=held_out.n)
        measures["held_out_challenger"] = Measure(value=held_out.challenger, n=held_out.n)
        measures["held_out_p"] = Measure(value=held_out.p, n=held_out.n)
    return measures
