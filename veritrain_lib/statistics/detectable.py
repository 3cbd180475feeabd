"""Power of the complete decision: development screen and test on the held-out set together.

The stated detectable difference of Veri-Train is the true gain at which a challenger is
promoted with 80 % probability: its gain has to pass the screen on the development rows first, and then be
significant on the held-out rows. Both probabilities are exact for right-or-wrong scores.
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
        n: rows.
        discordance: share of them that are discordant, 0..1; rounded to whole rows.
        alpha: one-sided level.

    Returns:
        The gain in 0..1. If so few rows are discordant that not even all wins would be significant, the gain of
        the fewest wins without a loss that would be. None if n rows can't be significant at all.
    """
    value = float(_critical_differences(n, alpha)[round(discordance * n)])
    return value if value <= 1 else None


def decision_power(gain: float, n_dev: int, n_test: int, discordance: float, look_alpha: float) -> float:
    """Return the probability that a true gain passes both the screen and the test on the held-out set.

    Exact for right-or-wrong scores: the two sets share no rows, so their probabilities multiply.
    The slice guard is left out; it only matters where a slice is truly worse.

    Args:
        gain: true gain, the same on both sets, -1..1.
        n_dev: development rows; with 0 there is no screen.
        n_test: rows of the held-out test set.
        discordance: as in `power.paired_power`.
        look_alpha: one-sided level of the look.
    """
    tested = paired_power(gain, n_test, discordance, look_alpha)
    return tested * _screen_power(gain, n_dev, n_test, discordance, look_alpha) if n_dev else tested


@lru_cache(maxsize=65_536)
def detectable_gain(
    n_dev: int, n_test: int, discordance: float, look_alpha: float, power: float = 0.8
) -> float | None:
    """Return the stated detectable difference: the true gain at which the complete decision promotes.

    Args:
        n_dev: as in `decision_power`.
        n_test: as in `decision_power`.
        discordance: as in `decision_power`.
        look_alpha: as in `decision_power`.
        power: wanted probability of promotion, default 0.8.

    Returns:
        The gain in 0..1, to within 1e-4; None if no gain reaches that power.
    """
    check_fraction("power", power)
    return smallest_gain(lambda gain: decision_power(gain, n_dev, n_test, discordance, look_alpha), power)


def pair_detectable(
    pair: PairedScores, n_dev: int, n_test: int, look_alpha: float, power: float
) -> float | None:
    """Return `detectable_gain` at the observed discordance of a pair.

    A gain that the pair has is part of that discordance and so counted twice, which is conservative. For graded
    scores the spread of the differences takes its place, by normal approximation.
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
    """Return a detectable gain if it is possible, else None: no score can rise above 1."""
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
