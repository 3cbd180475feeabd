"""Measurement of a metric with its interval, for any kind of metric."""

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
    """Measure a metric with a 95 % interval.

    The interval is the metric's own if it has one; Agresti-Coull for right-or-wrong rows; else a percentile bootstrap.

    Args:
        metric: The metric.
        references: The expected answers.
        responses: The model's responses, in the order of the references.
        seed: Seed of the bootstrap.

    Returns:
        The measure; without a value where there is nothing to measure (0 of 0).
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
    """Measure each metric with `measure_metric`.

    Returns:
        Measures by the names of the metrics.

    Raises:
        UserError: when there is nothing to measure for the first metric, by which the loop is steered.
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
    """Return a metric's value, or `default` where it is not finite, since there was nothing to measure."""
    return value if math.isfinite(value) else default


def grades_by_slice(slices: Sequence[str], grades: Sequence[float]) -> pd.DataFrame:
    """Sum the grades of rows (0 to 1) by slice: columns slice, n, and right, which is the sum."""
    import pandas as pd

    frame = pd.DataFrame({"slice": list(slices), "right": list(grades)})
    return frame.groupby("slice")["right"].agg(n="size", right="sum").reset_index()
