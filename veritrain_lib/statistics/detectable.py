"""Power of the promotion decision: how large a true gain must be to pass development screen and held-out test.

The detectable difference that reports state is the true gain at which a challenger is promoted with 80 % probability:
its gain has to pass the screen on the development rows first, and then be significant on the held-out rows. For
right-or-wrong scores both probabilities are exact.
"""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np

from veritrain_lib.statistics.mcnemar import binomial_tail
from veritrain_lib.statistics.power import (
    critical_wins,
    discordant_counts,
    paired_power,
    smallest_gain,
    win_share,
)
from veritrain_lib.statistics.scores import FloatArray, PairedScores, check_fraction


def critical_difference(n: int, discordance: float, alpha: float) -> float | None:
    """Return the smallest observed gain that the exact McNemar test finds significant on n rows.

    Args:
        n: number of rows.
        discordance: share of the rows on which exactly one of the two models is right, 0..1; rounded to whole rows.
        alpha: one-sided level.

    Returns:
        The gain in 0..1. If so few rows are discordant that the test is not significant even when the challenger wins
        all of them, the gain of the fewest wins without a loss that would be significant. None if no result on n rows
        can be significant.
    """
    value = float(_critical_differences(n, alpha)[round(discordance * n)])
    return value if value <= 1 else None


def decision_power(gain: float, n_dev: int, n_test: int, discordance: float, look_alpha: float) -> float:
    """Return the probability that a true gain passes both the development screen and the held-out test.

    It is exact for right-or-wrong scores: the two sets share no rows, so their probabilities multiply. The slices are
    ignored; they matter only if the challenger is truly worse on one.

    Args:
        gain: true gain in accuracy, the same on both sets, -1..1.
        n_dev: number of development rows; with 0 there is no screen.
        n_test: number of rows of the held-out test set.
        discordance: share of rows on which exactly one of two equally good models is right, 0..1.
        look_alpha: one-sided significance level of the look at the test set.

    Returns:
        The probability, 0..1.
    """
    tested = paired_power(gain, n_test, discordance, look_alpha)
    return tested * _screen_power(gain, n_dev, n_test, discordance, look_alpha) if n_dev else tested


@lru_cache(maxsize=65_536)
def detectable_gain(
    n_dev: int, n_test: int, discordance: float, look_alpha: float, power: float = 0.8
) -> float | None:
    """Return the smallest true gain at which the promotion decision promotes a challenger with a requested probability.

    Args:
        n_dev: number of development rows, on which the gain is screened before the test set is used; 0: no screen.
        n_test: number of rows of the held-out test set.
        discordance: share of rows on which exactly one of two equally good models is right, 0..1.
        look_alpha: one-sided significance level of the look at the test set.
        power: requested probability of promotion, default 0.8.

    Returns:
        The gain in 0..1, to within 1e-4; None if no gain reaches that probability.
    """
    check_fraction("power", power)
    return smallest_gain(lambda gain: decision_power(gain, n_dev, n_test, discordance, look_alpha), power)


def pair_detectable(
    pair: PairedScores, n_dev: int, n_test: int, look_alpha: float, power: float
) -> float | None:
    """Return the smallest true gain that the promotion decision detects, if models differ as much as these two.

    For right-or-wrong scores this is `detectable_gain` with the observed discordance (the share of rows on which
    exactly one model is right). A gain that the pair already shows is part of the discordance and so counts twice,
    which makes the result rather too large. For graded scores a normal approximation with the spread of the row
    differences is used.

    Args:
        pair: scores of the two models on the same rows.
        n_dev: number of development rows, on which the gain is screened before the test set is used; 0: no screen.
        n_test: number of rows of the held-out test set.
        look_alpha: one-sided significance level of the look at the test set.
        power: requested probability of promotion.

    Returns:
        The gain in 0..1; None if no gain reaches that probability.
    """
    if pair.binary:
        return detectable_gain(n_dev, n_test, pair.discordance, look_alpha, power)
    if not pair.n or not n_test or 0.5**n_test > look_alpha:
        return None
    spread = float(np.sqrt(np.mean(pair.differences**2)))
    normal = NormalDist()
    critical_value = normal.inv_cdf(1 - look_alpha) * spread / np.sqrt(n_test)

    def power_at(gain: float) -> float:
        errors = [spread / np.sqrt(n) for n in (n_dev, n_test) if n]
        return float(np.prod([normal.cdf((gain - critical_value) / error) for error in errors]))

    return smallest_gain(power_at, power)


def possible_gain(gain: float | None, score: float | None) -> float | None:
    """Return the detectable gain, or None if no model can reach it because the score would rise above 1.

    Args:
        gain: detectable gain, 0..1; None if there is none.
        score: score of the model that is to be beaten, 0..1; None if it is unknown.
    """
    return gain if gain is not None and (score is None or gain <= 1 - score + 1e-9) else None


@lru_cache(maxsize=256)
def _critical_differences(n: int, alpha: float) -> FloatArray:
    discordant = np.arange(n + 1)
    wins = critical_wins(n, alpha)
    reachable = np.flatnonzero(wins <= discordant)
    if not reachable.size:
        return np.full(n + 1, np.inf)
    fewest = int(reachable[0])
    return np.where(discordant < fewest, fewest, 2 * wins - discordant) / max(n, 1)


def _screen_power(gain: float, n_dev: int, n_test: int, discordance: float, alpha: float) -> float:
    share, win = win_share(gain, discordance)
    discordant = np.arange(n_dev + 1)
    expected = np.rint(discordant / n_dev * n_test).astype(np.int64)
    threshold = _critical_differences(n_test, alpha)[expected]
    # (wins - losses) / n_dev reaches the threshold, with wins - losses = 2 wins - discordant
    needed = np.ceil((threshold * n_dev + discordant) / 2 - 1e-9)
    return float(discordant_counts(n_dev, share) @ binomial_tail(needed, discordant, win))
