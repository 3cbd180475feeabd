"""The exact McNemar test: whether two models are right equally often on the same rows.

Only rows on which exactly one of the models is right carry information. If neither model is better, each such row is a
fair coin toss, so the number of wins is binomial with rate one half. Source: Q. McNemar (1947), Psychometrika
12:153-157; the exact form is the sign test of the discordant pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from veritrain_lib.statistics.consistent_interval import make_consistent_with_test
from veritrain_lib.statistics.intervals import Interval, paired_difference_bounds
from veritrain_lib.statistics.scores import FloatArray, check_fraction, pair_scores


@dataclass(frozen=True)
class McNemar:
    """Result of the exact McNemar test of two models.

    Attributes:
        n: number of rows.
        n01: number of rows that only the challenger got right (its wins).
        n10: number of rows that only the champion got right (the challenger's losses).
        difference: challenger accuracy minus champion accuracy, -1..1; None without rows.
        interval: Newcombe's method 10 interval of the difference, adjusted so that it excludes 0 exactly where the test
            is significant (`consistent_interval.make_consistent_with_test`).
        p_greater: one-sided p value against the null hypothesis 'the challenger is no better'.
        p_less: one-sided p value against the null hypothesis 'the challenger is no worse'.
        p_two_sided: twice the smaller of the two one-sided p values, at most 1.
    """

    n: int
    n01: int
    n10: int
    difference: float | None
    interval: Interval
    p_greater: float
    p_less: float
    p_two_sided: float


def mcnemar(champion_correct: ArrayLike, challenger_correct: ArrayLike, level: float = 0.95) -> McNemar:
    """Run the exact McNemar test on two models' right-or-wrong scores of the same rows.

    Args:
        champion_correct: whether the champion is right on each row, shape (n,), booleans or 0/1.
        challenger_correct: the same for the challenger, same rows in the same order.
        level: confidence level of the interval, default 0.95.

    Raises:
        ValueError: unequal lengths, values other than 0 and 1, or level outside 0..1.
    """
    check_fraction("level", level)
    pair = pair_scores(champion_correct, challenger_correct)
    if not pair.binary:
        raise ValueError(
            "McNemar's test needs right or wrong (0 or 1) for each row; use sign_flip_test for graded scores"
        )
    old, new = pair.champion > 0, pair.challenger > 0
    both, n01, n10 = int(np.sum(old & new)), int(np.sum(~old & new)), int(np.sum(old & ~new))
    greater, less = float(exact_p(n01, n10)), float(exact_p(n10, n01))
    bounds = paired_difference_bounds(both, n01, n10, pair.n - both - n01 - n10, level)
    low, high = make_consistent_with_test(*bounds, pair.difference or 0.0, greater, less, (1 - level) / 2)
    return McNemar(
        n=pair.n,
        n01=n01,
        n10=n10,
        difference=(n01 - n10) / pair.n if pair.n else None,
        interval=Interval(float(low), float(high), level),
        p_greater=greater,
        p_less=less,
        p_two_sided=min(1.0, 2 * min(greater, less)),
    )


def exact_p(wins: ArrayLike, losses: ArrayLike) -> FloatArray:
    """Return the one-sided p values of the exact McNemar test: P(at least `wins` heads in wins + losses fair tosses).

    Args:
        wins: numbers of rows that only the challenger got right, any shape.
        losses: numbers of rows that only the champion got right, the same shape.

    Returns:
        p values in 0..1 of that shape against 'the challenger is no better'; 1 where there are no wins.
    """
    k = np.asarray(wins, dtype=np.float64)
    return fair_coin_tail(k, k + np.asarray(losses, dtype=np.float64))


def fair_coin_tail(heads: ArrayLike, tosses: ArrayLike) -> FloatArray:
    """Return the probability of at least `heads` heads in `tosses` tosses of a fair coin, element by element."""
    return binomial_tail(heads, tosses, 0.5)


def binomial_tail(heads: ArrayLike, tosses: ArrayLike, rate: float) -> FloatArray:
    """Return the probability of at least `heads` heads in `tosses` tosses of a coin that shows heads at a given rate.

    Args:
        heads: numbers of heads, an array or a number.
        tosses: numbers of tosses, of the same shape, or a number.
        rate: chance of heads in one toss, 0..1.

    Returns:
        Probabilities of that shape; 1 where heads <= 0, 0 where heads > tosses.
    """
    from scipy.special import betainc

    k, m = np.broadcast_arrays(np.asarray(heads, dtype=np.float64), np.asarray(tosses, dtype=np.float64))
    inside = (k > 0) & (k <= m)
    tail = betainc(np.where(inside, k, 1.0), np.where(inside, m - k + 1, 1.0), rate)
    return np.where(inside, tail, np.where(k <= 0, 1.0, 0.0))
