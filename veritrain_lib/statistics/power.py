"""Power of the exact McNemar test: the probability that it detects a gain, and the smallest detectable gain.

The exact McNemar test sees only the discordant rows, on which exactly one of the two models is right. Their number
among n rows is binomial, and given their number the wins are binomial too; the power is a sum over both, without
approximation (R. J. Connor 1987, Biometrics 43:207-211, gives the setting; O. S. Miettinen 1968, Biometrics 24:339-352,
the conditional argument).

In all functions `discordance` is the share of all rows that would be discordant if both models were equally good: half
of them wins, half losses. A gain is added on top: the wins increase by it and the losses stay, as when a model learns
something new. A model that also loses fewer rows is detected more easily, so the power stated here is conservative.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from veritrain_lib.statistics.mcnemar import binomial_tail, fair_coin_tail
from veritrain_lib.statistics.scores import FloatArray, IntArray, check_fraction


@lru_cache(maxsize=256)
def critical_wins(n: int, alpha: float) -> IntArray:
    """Return the fewest wins that the exact McNemar test finds significant, for 0 to n discordant rows.

    Args:
        n: largest number of discordant rows (exactly one of the two models is right), 0 or more.
        alpha: one-sided level.

    Returns:
        Read-only array of shape (n + 1,): entry m is the smallest k with P(at least k heads in m fair tosses) <= alpha;
        m + 1 where not even m wins are significant.
    """
    discordant = np.arange(n + 1)
    # Start at the normal approximation, off by a step or two, and correct by the exact tail.
    z = NormalDist().inv_cdf(1 - check_fraction("alpha", alpha))
    k = np.ceil(discordant / 2 + z * np.sqrt(discordant) / 2).astype(np.int64)
    while np.any(lower := fair_coin_tail(k - 1, discordant) <= alpha):
        k -= lower
    while np.any(higher := fair_coin_tail(k, discordant) > alpha):
        k += higher
    k.setflags(write=False)
    return np.asarray(k)


def discordant_counts(n: int, share: float) -> FloatArray:
    """Return the binomial probabilities that two models differ on 0, 1, ..., n of n rows.

    Args:
        n: number of rows.
        share: probability that the models differ on a row, 0..1.

    Returns:
        Probabilities, shape (n + 1,).
    """
    from scipy.special import gammaln, xlog1py, xlogy

    m = np.arange(n + 1)
    log_ways = gammaln(n + 1) - gammaln(m + 1) - gammaln(n - m + 1)
    return np.asarray(np.exp(log_ways + xlogy(m, share) + xlog1py(n - m, -share)))


def win_share(gain: float, discordance: float) -> tuple[float, float]:
    """Return the share of rows on which two models differ, and the share of those rows that are wins, for a true gain.

    Args:
        gain: true challenger accuracy minus champion accuracy, -1..1.
        discordance: share of rows on which exactly one of two equally good models is right, 0..1.

    Returns:
        discordance + |gain|, at most 1, and the share of wins among these rows, 0..1.
    """
    share = min(discordance + abs(gain), 1.0)
    return share, 0.5 + gain / (2 * share) if share > 0 else 0.5


def paired_power(gain: float, n: int, discordance: float, alpha: float, min_gain: float = 0.0) -> float:
    """Return the probability that the exact one-sided McNemar test detects a true gain.

    Args:
        gain: true challenger accuracy minus champion accuracy, -1..1.
        n: number of rows, 0 or more.
        discordance: share of rows on which exactly one of two equally good models is
            right, 0..1.
        alpha: one-sided level.
        min_gain: observed gain that is needed besides significance, 0..1; default 0, none.

    Raises:
        ValueError: an argument is out of range.
    """
    _check(n, discordance, alpha)
    if not -1 <= gain <= 1:
        raise ValueError(f"gain is {gain}: allowed is -1..1")
    share, win = win_share(gain, discordance)
    discordant = np.arange(n + 1)
    needed = critical_wins(n, alpha).astype(np.float64)
    if min_gain > 0:
        # wins - losses = 2 wins - discordant has to reach min_gain * n
        needed = np.maximum(needed, np.ceil((min_gain * n + discordant) / 2 - 1e-9))
    return float(discordant_counts(n, share) @ binomial_tail(needed, discordant, win))


@lru_cache(maxsize=65_536)
def detectable_difference(
    n: int, discordance: float, alpha: float, power: float = 0.8, min_gain: float = 0.0
) -> float | None:
    """Return the smallest true gain that the exact McNemar test detects with the requested probability.

    Args:
        n: number of rows, 0 or more.
        discordance: share of rows on which exactly one of two equally good models is right, 0..1.
        alpha: one-sided level.
        power: requested probability, default 0.8.
        min_gain: observed gain that is needed besides significance, 0..1; default 0, none.

    Returns:
        The gain in 0..1, to within 1e-4; None if the test has too few rows to detect any.

    Raises:
        ValueError: an argument is out of range.
    """
    check_fraction("power", power)
    return smallest_gain(lambda gain: paired_power(gain, n, discordance, alpha, min_gain), power)


def detectable_loss(
    n: int, discordance: float, alpha: float, power: float = 0.8, min_loss: float = 0.0
) -> float | None:
    """Return the smallest true loss of the challenger that the exact McNemar test detects on a slice of n rows.

    Args:
        n: number of rows of the slice, 0 or more.
        discordance: share of rows on which exactly one of two equally good models is right, 0..1.
        alpha: one-sided level.
        power: requested probability, default 0.8.
        min_loss: observed loss that is needed besides significance, 0..1; default 0, none.

    Returns:
        The loss as a positive number in 0..1, or None if no loss could have been shown.
    """
    return detectable_difference(n, discordance, alpha, power, min_loss)


def detectable_from_error(standard_error: float, alpha: float, power: float = 0.8) -> float:
    """Return the smallest true gain that a test with an approximately normal estimate detects with the requested power.

    It is the textbook sum of two normal quantiles times the standard error, for graded scores and corpus metrics, where
    no exact count is available.

    Args:
        standard_error: standard error of the estimated gain, 0 or more.
        alpha: one-sided level.
        power: requested probability, default 0.8.

    Raises:
        ValueError: standard_error is negative, or alpha or power is out of range.
    """
    if standard_error < 0:
        raise ValueError(f"standard_error is {standard_error}: allowed is 0 or more")
    normal = NormalDist()
    z = normal.inv_cdf(1 - check_fraction("alpha", alpha)) + normal.inv_cdf(check_fraction("power", power))
    return max(0.0, z) * standard_error


def smallest_gain(power_at: Callable[[float], float], power: float) -> float | None:
    """Return the smallest gain in 0..1 at which an increasing power curve reaches a requested power, by bisection.

    Args:
        power_at: function that returns the power for a gain.
        power: requested power.

    Returns:
        The gain, to within 1e-4; None if the power is never reached.
    """
    low, high = 0.0, 1.0
    if power_at(high) < power:
        return None
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if power_at(middle) >= power else (middle, high)
    return high


def _check(n: int, discordance: float, alpha: float) -> None:
    if n < 0:
        raise ValueError(f"n is {n}: allowed is 0 or more rows")
    if not 0 <= discordance <= 1:
        raise ValueError(f"discordance is {discordance}: allowed is 0..1")
    check_fraction("alpha", alpha)
