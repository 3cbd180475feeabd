"""A rate with its interval: how most of the probe's numbers are made."""

from __future__ import annotations

from collections.abc import Sequence

from veritrain_lib.stages.result import Measure


def rate(held: Sequence[bool]) -> Measure:
    """The share of rows on which something held, with Wilson's 95 % interval; no value without rows."""
    from veritrain_lib.statistics.intervals import wilson

    n = len(held)
    if not n:
        return Measure(value=None, n=0)
    count = sum(map(bool, held))
    interval = wilson(count, n)
    return Measure(value=count / n, low=interval.low, high=interval.high, n=n)
