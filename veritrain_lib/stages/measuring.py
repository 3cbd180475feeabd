"""A metric with its interval, whatever kind of metric it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.stages.result import Measure

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.metrics.base import Metric
    from veritrain_lib.records import Response


def measure_metric(
    metric: Metric, references: Sequence[str], responses: Sequence[Response], seed: int
) -> Measure:
    """The metric with a 95 % interval: Wilson for right-or-wrong rows, else a percentile bootstrap."""
    import numpy as np

    from veritrain_lib.statistics.bootstrap import bootstrap_interval
    from veritrain_lib.statistics.intervals import wilson

    n = len(references)
    value = metric.value(references, responses)
    each = metric.per_row(references, responses)
    if each is not None and bool(np.isin(each, (0.0, 1.0)).all()):
        interval = wilson(int(each.sum()), n)
    elif each is not None:
        interval = bootstrap_interval(each, seed=seed)
    else:
        rows = np.arange(n, dtype=float)

        def on(drawn: np.ndarray) -> float:
            taken = drawn.astype(int)
            return metric.value([references[i] for i in taken], [responses[i] for i in taken])

        interval = bootstrap_interval(rows, on, n_resamples=400, seed=seed)
    return Measure(value=value, low=interval.low, high=interval.high, n=n)


def graded(slices: Sequence[str], grades: Sequence[float]) -> pd.DataFrame:
    """The grades of rows (0 to 1) by slice: columns slice, n, and right, their sum."""
    import pandas as pd

    frame = pd.DataFrame({"slice": list(slices), "right": list(grades)})
    return frame.groupby("slice")["right"].agg(n="size", right="sum").reset_index()
