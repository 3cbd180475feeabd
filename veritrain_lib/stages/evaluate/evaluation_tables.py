"""Tables of an evaluation's result: metrics, slices, predictions and errors of champion and challenger.

Open this for the meaning of the tables' columns, or of the evaluation's measures.
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

    from veritrain_lib.metrics.base import Metric
    from veritrain_lib.stages.evaluate.answered_rows import AnsweredRows


def metric_table(answered: AnsweredRows, seed: int) -> pd.DataFrame:
    """Return a table with one row per metric: both models' values and their paired difference, with 95 % intervals.

    Args:
        answered: The development rows with the responses of both models.
        seed: Seed of the bootstrap.
    """
    import pandas as pd

    from veritrain_lib.stages.measuring import measure_all
    from veritrain_lib.statistics.bootstrap import paired_bootstrap

    lines: list[dict[str, Any]] = []
    references = answered.references
    before, after = (
        measure_all(answered.metrics, references, responses, seed)
        for responses in (answered.champion, answered.challenger)
    )
    for metric in answered.metrics:
        champion, challenger = before[metric.name], after[metric.name]
        if champion.value is None or challenger.value is None:
            lines.append({"metric": metric.name, "n": 0, "signature": metric.signature()})
            continue
        change = _difference_function(metric, answered)
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
"""Columns of the table of metrics. The numbers are missing for a metric that is not defined on the rows."""


def _difference_function(metric: Metric, answered: AnsweredRows) -> Callable[[np.ndarray], float]:
    """Return a function that computes the challenger's value of a metric minus the champion's, on resampled rows.

    The function takes row numbers, which may repeat. It returns 0 if the metric is not defined on these rows.
    """
    from veritrain_lib.stages.measuring import value_or

    references = answered.references
    before, after = (
        metric.per_row(references, responses) for responses in (answered.champion, answered.challenger)
    )
    if before is not None and after is not None:
        row_changes = after - before
        return lambda rows: float(row_changes[rows].mean())

    def difference(rows: np.ndarray) -> float:
        drawn_references = [references[row] for row in rows]
        values = [
            metric.value(drawn_references, [responses[row] for row in rows])
            for responses in (answered.challenger, answered.champion)
        ]
        return value_or(values[0] - values[1], 0.0)

    return difference


def slice_table(slices: Any) -> pd.DataFrame:
    """Return a table with one row per slice of an evaluation: both models' grades, and whether the challenger is worse.

    Args:
        slices: The verdicts on the slices, as `statistics.slices` computes them.

    Returns:
        Columns: `name`, `n` (rows), both models' mean grades (`champion`, `challenger`), their `difference` with its
        interval (`low`, `high`), `p_worse` and `p_holm`, `detectable_loss`, and `verdict`. Empty without slices.
    """
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


def predictions(answered: AnsweredRows) -> pd.DataFrame:
    """Return a table of both models' answers to the evaluated rows.

    Returns:
        Columns: the id, the inputs, the expected answer, and for each model the answer, whether it equals the expected
        one, and its grade by the primary metric (0 to 1, higher is better).
    """
    task, target = answered.task, answered.task.target.field
    rows = (
        answered.rows[["id", *task.inputs, target]]
        .rename(columns={target: "expected"})
        .reset_index(drop=True)
    )
    for role, responses, grades in zip(
        ("champion", "challenger"),
        (answered.champion, answered.challenger),
        answered.grades(),
        strict=True,
    ):
        rows[role] = [response.best or "" for response in responses]
        rows[f"{role}_correct"] = rows[role] == rows["expected"]
        rows[f"{role}_grade"] = grades
    return rows


def errors_by_slice(answered: AnsweredRows, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return a table of errors by slice: number of rows, both models' mean grades, the challenger's commonest mistake.

    Args:
        answered: The evaluated rows with the responses of both models.
        predictions: The table that `predictions` returns for them.
    """
    import pandas as pd

    from veritrain_lib.metrics.mistakes import confusions
    from veritrain_lib.stages.slices import slice_masks

    lines = []
    for name, mask in slice_masks(answered.task, answered.rows).items():
        rows_of_slice = [row for row, inside in enumerate(mask) if inside]
        if not rows_of_slice:
            continue
        mistakes = confusions(
            answered.task,
            [answered.references[row] for row in rows_of_slice],
            [answered.challenger[row] for row in rows_of_slice],
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
    """Return an evaluation's measured numbers: of each metric, and of the held-out test set if it was unlocked.

    Args:
        table: The table that `metric_table` returns.
        held_out: The result on the held-out test set; None if it stayed locked.

    Returns:
        Measures by name. For each metric they are `METRIC` (the challenger), `champion_METRIC` and `gain_METRIC`; for
        the test set their names begin with `held_out_`.
    """
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
