"""Confidence intervals of a rate, of the difference of two models' rates on the same rows, and of a mean difference.

Sources: A. Agresti and B. A. Coull (1998), The American Statistician 52:119-126, for a single rate that is displayed;
R. G. Newcombe (1998), Statistics in Medicine 17:2635-2650, method 10, for the difference of two rates on the same rows.
A part of Newcombe's method is the score interval of E. B. Wilson (1927), JASA 22:209-212. Alone it would contain the
true rate too rarely near 0 and 1 on few rows (91 % at 49.5 of 50). `make bench-numbers` measures the coverage.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from veritrain_lib.statistics.scores import FloatArray, check_fraction


@dataclass(frozen=True)
class Interval:
    """Two-sided confidence interval of a measured value.

    Attributes:
        low: low end.
        high: high end, not below `low`.
        level: confidence level, strictly between 0 and 1, e.g. 0.95.

    Raises:
        ValueError: low exceeds high, an end is not a number, or the level is out of range.
    """

    low: float
    high: float
    level: float

    def __post_init__(self) -> None:
        check_fraction("level", self.level)
        if not self.low <= self.high:
            raise ValueError(f"interval runs from {self.low} to {self.high}: low must not exceed high")

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Rate:
    """Measured rate with its counts, e.g. the share of responses that kept the output contract.

    Attributes:
        successes: number of successes, 0..n.
        n: number of rows tried, failures included; 0 is allowed and means that nothing was measured.
        level: confidence level of `interval`, default 0.95.

    Raises:
        ValueError: successes outside 0..n, or level outside 0..1.
    """

    successes: int
    n: int
    level: float = 0.95

    def __post_init__(self) -> None:
        _check_counts(self.successes, self.n)
        check_fraction("level", self.level)

    @property
    def value(self) -> float | None:
        """The observed rate, 0 to 1; None if no row was tried."""
        return self.successes / self.n if self.n else None

    @property
    def interval(self) -> Interval:
        """The rate's Agresti-Coull confidence interval; 0..1 if no row was tried."""
        return agresti_coull(self.successes, self.n, self.level)


def agresti_coull(successes: float, n: float, level: float = 0.95) -> Interval:
    """Return the Agresti-Coull confidence interval of a binomial rate, for display.

    Agresti and Coull (1998): z squared pseudo rows are added, half of them successes. The interval has the same centre
    as the Wilson score interval and is never narrower. At level 95 % it contains the true rate in at least 92.5 % of
    samples of 10 rows and 93.5 % of samples of 50 rows or more, whatever the rate. Near 0 and 1 it does so more often
    than it promises (98.6 % at a rate of 0.99 on 50 rows), because a count is discrete.

    Args:
        successes: number of successes, 0..n.
        n: number of independent rows, or an effective number of them; with 0 the interval is all of 0..1.
        level: confidence level, default 0.95.

    Raises:
        ValueError: successes outside 0..n, or level outside 0..1.
    """
    _check_counts(successes, n)
    z = normal_quantile(level)
    if not n:
        return Interval(0.0, 1.0, level)
    rows = n + z * z
    share = (successes + z * z / 2) / rows
    half_width = z * (share * (1 - share) / rows) ** 0.5
    return Interval(max(0.0, share - half_width), min(1.0, share + half_width), level)


def wilson(successes: int, n: int, level: float = 0.95) -> Interval:
    """Return the Wilson score interval of a binomial rate (Wilson 1927, no continuity correction).

    Args:
        successes: number of successes, 0..n.
        n: number of independent rows; with 0 the interval is all of 0..1.
        level: confidence level, default 0.95.

    Raises:
        ValueError: successes outside 0..n, or level outside 0..1.
    """
    _check_counts(successes, n)
    low, high = wilson_bounds(successes, n, level)
    return Interval(float(low), float(high), level)


def wilson_bounds(successes: ArrayLike, n: ArrayLike, level: float) -> tuple[FloatArray, FloatArray]:
    """Return the low ends and the high ends of the Wilson score intervals of many rates at once.

    Args:
        successes: number of successes of each rate, any shape.
        n: number of rows of each rate, the same shape; where it is 0 the ends are 0 and 1.
        level: confidence level.
    """
    z = normal_quantile(level)
    k = np.asarray(successes, dtype=np.float64)
    rows = np.maximum(np.asarray(n, dtype=np.float64), 1.0)
    has_rows = np.asarray(n) > 0
    share = k / rows
    centre = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half_width = z / (1 + z * z / rows) * np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    # At 0 or n successes an end is exactly 0 or 1, which rounding would miss slightly.
    low = np.where(has_rows & (k > 0), np.maximum(centre - half_width, 0.0), 0.0)
    high = np.where(has_rows & (k < rows), np.minimum(centre + half_width, 1.0), 1.0)
    return low, high


def paired_difference_bounds(
    both: ArrayLike, wins: ArrayLike, losses: ArrayLike, neither: ArrayLike, level: float
) -> tuple[FloatArray, FloatArray]:
    """Return the ends of Newcombe's (1998) method 10 interval of the challenger's rate minus the champion's.

    The method adds the squared Wilson half-widths of the two rates and subtracts a term for their correlation, which is
    estimated by a continuity-corrected phi coefficient.

    Args:
        both: counts of rows that both models got right; arrays of one shape, or numbers.
        wins: counts of rows that only the challenger got right.
        losses: counts of rows that only the champion got right.
        neither: counts of rows that neither got right.
        level: confidence level.

    Returns:
        Low and high ends in -1..1; -1 and 1 where there are no rows.
    """
    a, b, c, d = (np.asarray(x, dtype=np.float64) for x in (both, wins, losses, neither))
    n = a + b + c + d
    rows = np.maximum(n, 1.0)
    new, old = (a + b) / rows, (a + c) / rows
    new_low, new_high = wilson_bounds(a + b, n, level)
    old_low, old_high = wilson_bounds(a + c, n, level)
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    cross = a * d - b * c
    cross = np.where(cross > 0, np.maximum(cross - rows / 2, 0.0), cross)
    phi = np.where(margins > 0, cross / np.sqrt(np.maximum(margins, 1.0)), 0.0)
    down_new, up_old = new - new_low, old_high - old
    up_new, down_old = new_high - new, old - old_low
    low = new - old - np.sqrt(np.maximum(down_new**2 - 2 * phi * down_new * up_old + up_old**2, 0.0))
    high = new - old + np.sqrt(np.maximum(up_new**2 - 2 * phi * up_new * down_old + down_old**2, 0.0))
    empty = n == 0
    return np.where(empty, -1.0, np.maximum(low, -1.0)), np.where(empty, 1.0, np.minimum(high, 1.0))


def mean_difference_bounds(differences: FloatArray, level: float, scale: float = 1.0) -> tuple[float, float]:
    """Return the low and the high end of a confidence interval of the mean of row differences in -1..1.

    It is Student's t interval over the rows and two pseudo rows: one without a difference, and one split evenly between
    a full win and a full loss. This extends the paired adjustment of A. Agresti and Y. Min (2005), Statistics in
    Medicine 24:729-740, from right-or-wrong to graded scores. Without the pseudo rows, a few rows with equal
    differences would get an interval of zero width, and a single row none at all.

    Args:
        differences: score differences of the rows, shape (n,), each in -1..1.
        level: confidence level.
        scale: size of a full win, above 0 to 1; default 1, as for right or wrong. For graded
            scores the largest difference seen on any row of the comparison.

    Returns:
        The two ends within -1..1; they always include the observed mean. -1 and 1 without rows.
    """
    from scipy.special import stdtrit

    if not differences.size:
        return -1.0, 1.0
    rows = differences.size + 2
    centre = float(differences.sum()) / rows
    variance = (float(differences @ differences) + scale**2 - rows * centre**2) / (rows - 1)
    half_width = float(stdtrit(rows - 1, (1 + level) / 2)) * float(np.sqrt(variance / rows))
    mean = float(differences.mean())
    return max(-1.0, min(mean, centre - half_width)), min(1.0, max(mean, centre + half_width))


def normal_quantile(level: float) -> float:
    """Return the two-sided standard normal quantile of a confidence level, e.g. 1.96 for level 0.95."""
    return NormalDist().inv_cdf(0.5 + check_fraction("level", level) / 2)


def _check_counts(successes: float, n: float) -> None:
    if n < 0:
        raise ValueError(f"n is {n}: allowed is 0 or more rows")
    if not 0 <= successes <= n:
        raise ValueError(f"successes is {successes}: allowed is 0 to n = {n}")
