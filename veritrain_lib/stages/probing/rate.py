"""A rate with its interval: how most of the probe's numbers are made."""

from __future__ import annotations

from collections.abc import Sequence

from veritrain_lib.stages.result import Measure


def rate(held: Sequence[bool]) -> Measure:
    """The share of rows on which something held, with the 95 % interval of Agresti and Coull; no value without rows."""
    from veritrain_lib.statistics.intervals import agresti_coull

    n = len(held)
    if not n:
        return Measure(value=None, n=0)
    count = sum(map(bool, held))
    interval = agresti_coull(count, n)
    return Measure(value=count / n, low=interval.low, high=interval.high, n=n)
