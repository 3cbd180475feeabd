"""Computation of a rate (a share of rows) with its confidence interval, the form of most probe measures."""

from __future__ import annotations

from collections.abc import Sequence

from veritrain_lib.stages.stage_result import Measure


def rate(held: Sequence[bool]) -> Measure:
    """Compute the share of rows with a property, with its Agresti-Coull 95 % interval; no value without rows.

    Args:
        held: Whether each row has the property.

    Returns:
        The share (0 to 1), the ends of its interval, and the number of rows.
    """
    from veritrain_lib.statistics.intervals import agresti_coull

    n = len(held)
    if not n:
        return Measure(value=None, n=0)
    count = sum(map(bool, held))
    interval = agresti_coull(count, n)
    return Measure(value=count / n, low=interval.low, high=interval.high, n=n)
