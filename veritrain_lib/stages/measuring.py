"""Measurement of metrics with their 95 % confidence intervals, for labels, texts and corpus metrics alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.stages.stage_result import Measure

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.metrics.base import Metric


def measure_metric(
    metric: Metric, references: Sequence[str], responses: Sequence[Response], seed: int
) -> Measure:
    """Compute one metric over a model's answers, with its 95 % confidence interval.

    The interval is computed by the metric's own method if it has one, by Agresti-Coull if every row's value is 0 or 1,
    and by a percentile bootstrap otherwise.

    Args:
        metric: The metric.
        references: The expected answers.
        responses: The model's responses, in the order of the references.
        seed: Random seed of the bootstrap.

    Returns:
        The value, the two ends of the interval, and the number of rows. The value is None and the number 0 where the
        metric is not defined for these rows, such as a precision of 0 of 0.
    """
    import numpy as np

    from veritrain_lib.statistics.bootstrap import bootstrap_interval
    from veritrain_lib.statistics.intervals import agresti_coull

    n = len(references)
    value = metric.value(references, responses)
    if not np.isfinite(value):
        return Measure(value=None, n=0)
    row_values = metric.per_row(references, responses)
    ends = metric.interval(references, responses)
    if ends is not None:
        return Measure(value=value, low=ends[0], high=ends[1], n=n)
    if row_values is not None and bool(np.isin(row_values, (0.0, 1.0)).all()):
        interval = agresti_coull(int(row_values.sum()), n)
    elif row_values is not None:
        interval = bootstrap_interval(row_values, seed=seed)
    else:
        rows = np.arange(n, dtype=float)

        def metric_of(drawn: np.ndarray) -> float:
            indices = drawn.astype(int)
            # A draw of rows in which there is nothing to measure has no information: it gets the metric's own value.
            return value_or(
                metric.value([references[i] for i in indices], [responses[i] for i in indices]), value
            )

        interval = bootstrap_interval(rows, metric_of, n_resamples=400, seed=seed)
    return Measure(value=value, low=interval.low, high=interval.high, n=n)


def measure_all(
    metrics: Sequence[Metric], references: Sequence[str], responses: Sequence[Response], seed: int
) -> dict[str, Measure]:
    """Compute each of a task's metrics over a model's answers, with 95 % confidence intervals.

    Args:
        metrics: The task's metrics; the first one is the primary metric.
        references: The expected answers of the development rows.
        responses: The model's responses, in the order of the references.
        seed: Random seed of the bootstrap intervals.

    Returns:
        A measure for each metric, by the metric's name.

    Raises:
        UserError: when the primary metric is not defined for these rows (0 of 0), since the loop needs its value.
    """
    from veritrain_lib.core.errors import UserError

    measures = {metric.name: measure_metric(metric, references, responses, seed) for metric in metrics}
    if measures[metrics[0].name].value is None:
        raise UserError(
            f"there is nothing that {metrics[0].name} could measure in {len(references)} development rows (0 of 0), "
            "and it is the metric that steers: list another one first under metrics in the task file"
        )
    return measures


def value_or(value: float, default: float) -> float:
    """Return a metric's value, or `default` if the value is NaN or infinite because no row could be measured."""
    return value if math.isfinite(value) else default


def grades_by_slice(slices: Sequence[str], grades: Sequence[float]) -> pd.DataFrame:
    """Sum a model's grades (0 to 1, one per row) within each slice.

    Returns:
        A table with one row per slice: `slice` (its name), `n` (its number of rows), `right` (the sum of their grades).
    """
    import pandas as pd

    frame = pd.DataFrame({"slice": list(slices), "right": list(grades)})
    return frame.groupby("slice")["right"].agg(n="size", right="sum").reset_index()
