"""Probe measure: the latency of a model's answers, as median and 95th percentile in seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.stages.stage_result import Measure

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.models.base import Model

QUANTILES = {"seconds_median": 0.5, "seconds_p95": 0.95}


def timed_singly(model: Model, rows: pd.DataFrame) -> list[float]:
    """Measure a model's latency in seconds for each row, asked one row at a time; infinite where it failed.

    In a batch a row takes less time, but a user who asks one question does not get that speed.
    """
    row_seconds = []
    for row in range(len(rows)):
        start = time.perf_counter()
        (response,) = model.answer(rows.iloc[row : row + 1])
        seconds = time.perf_counter() - start
        row_seconds.append(math.inf if response.error is not None else seconds)
    return row_seconds


def as_reported(responses: Sequence[Response]) -> list[float]:
    """Return the latency in seconds that a model reports in each response; infinite if the row failed or none is given."""
    return [
        math.inf if response.error is not None or response.seconds is None else response.seconds
        for response in responses
    ]


def latency(seconds: Sequence[float]) -> dict[str, Measure]:
    """Compute the median and the 95th percentile of a model's latency; failed rows count as infinite.

    Args:
        seconds: The latency of each row in seconds.

    Returns:
        Both numbers with their intervals, by the names of the measures in `QUANTILES`.
    """
    return {name: quantile(seconds, share) for name, share in QUANTILES.items()}


def quantile(seconds: Sequence[float], share: float) -> Measure:
    """Compute a quantile of latency: the smallest time that at least a given share of the rows did not exceed.

    The 95 % interval goes from one order statistic to another, without an assumption on the distribution (G. J. Hahn
    and W. Q. Meeker (1991), Statistical Intervals, section 5.2). It has no upper end if there are too few rows, as for
    the 95th percentile of fewer than 72 rows.

    Args:
        seconds: The latency of each row in seconds; infinite for a failed row.
        share: The share of rows, above 0 and below 1; 0.5 for the median.

    Returns:
        The quantile with its interval; its value is None if there are no rows or too many of them failed.
    """
    import numpy as np
    from scipy.special import bdtr

    n = len(seconds)
    if not n:
        return Measure(value=None, n=0)
    ordered = sorted(seconds)
    value = ordered[math.ceil(share * n) - 1]
    # With B ~ binomial(n, share): P(B < lower) and P(B >= upper) are each 2.5 % at most.
    cumulative = bdtr(np.arange(n), n, share)
    lower = int(np.sum(cumulative <= 0.025))
    upper = n + 1 - int(np.sum(1 - cumulative <= 0.025))
    return Measure(
        value=_finite(value),
        low=_finite(ordered[lower - 1]) if lower else 0.0,
        high=_finite(ordered[upper - 1]) if upper <= n else None,
        n=n,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
