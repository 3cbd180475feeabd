"""A rate with its interval, which most measures of the probe are."""

from __future__ import annotations

from collections.abc import Sequence

from veritrain_lib.stages.stage_result import Measure


def rate(held: Sequence[bool]) -> Measure:
    """Compute the share of True values with the 95 % interval of Agresti and Coull; without rows there is no value."""
    from veritrain_lib.statistics.intervals import agresti_coull

    n = len(held)
    if not n:
        return Measure(value=None, n=0)
    count = sum(map(bool, held))
    interval = agresti_coull(count, n)
    return Measure(value=count / n, low=interval.low, high=interval.high, n=n)
