"""A metric with its interval, whatever kind of metric it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.stages.result import Measure

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.metrics.base import Metric


def measure_metric(
    metric: Metric, references: Sequence[str], responses: Sequence[Response], seed: int
) -> Measure:
    """The metric with a 95 % interval: Agresti-Coull for right-or-wrong rows, the metric's own, else a percentile
    bootstrap. No value where there is nothing to measure (0 of 0)."""
    import numpy as np

    from veritrain_lib.statistics.bootstrap import bootstrap_interval
    from veritrain_lib.statistics.intervals import agresti_coull

    n = len(references)
    value = metric.value(references, responses)
    if not np.isfinite(value):
        return Measure(value=None, n=0)
    each = metric.per_row(references, responses)
    if hasattr(metric, "interval"):
        low, high = metric.interval(references, responses)
        return Measure(value=value, low=low, high=high, n=n)
    if each is not None and bool(np.isin(each, (0.0, 1.0)).all()):
        interval = agresti_coull(int(each.sum()), n)
    elif each is not None:
        interval = bootstrap_interval(each, seed=seed)
    else:
        rows = np.arange(n, dtype=float)

        def on(drawn: np.ndarray) -> float:
            taken = drawn.astype(int)
            # A draw of rows in which there is nothing to measure says nothing: it stays where the metric is.
            return measured_or(
                metric.value([references[i] for i in taken], [responses[i] for i in taken]), value
            )

        interval = bootstrap_interval(rows, on, n_resamples=400, seed=seed)
    return Measure(value=value, low=interval.low, high=interval.high, n=n)


def measure_all(
    metrics: Sequence[Metric], references: Sequence[str], responses: Sequence[Response], seed: int
) -> dict[str, Measure]:
    """Each metric by name, as `measure_metric` measures it.

    Raises UserError when there is nothing that the first one, which steers, could measure.
    """
    from veritrain_lib.core.errors import UserError

    measures = {metric.name: measure_metric(metric, references, responses, seed) for metric in metrics}
    if measures[metrics[0].name].value is None:
        raise UserError(
            f"there is nothing that {metrics[0].name} could measure in {len(references)} development rows (0 of 0), "
            "and it is the metric that steers: list another one first under metrics in the task file"
        )
    return measures


def measured_or(value: float, otherwise: float) -> float:
    """A metric's value, or another number where there was nothing to measure."""
    return value if math.isfinite(value) else otherwise


def graded(slices: Sequence[str], grades: Sequence[float]) -> pd.DataFrame:
    """The grades of rows (0 to 1) by slice: columns slice, n, and right, their sum."""
    import pandas as pd

    frame = pd.DataFrame({"slice": list(slices), "right": list(grades)})
    return frame.groupby("slice")["right"].agg(n="size", right="sum").reset_index()
