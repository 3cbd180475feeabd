"""Difference of two models on a set of rows, with interval and p value.

There are three tests, chosen by the kind of score: right-or-wrong scores, graded scores, or a corpus metric.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from veritrain_lib.statistics.agreeing import agree_with_test
from veritrain_lib.statistics.bootstrap import paired_bootstrap
from veritrain_lib.statistics.detectable import pair_detectable, possible_gain
from veritrain_lib.statistics.intervals import Interval, mean_difference_bounds, paired_difference_bounds
from veritrain_lib.statistics.mcnemar import exact_p, mcnemar
from veritrain_lib.statistics.power import detectable_from_error
from veritrain_lib.statistics.randomization import sign_flip_test, swap_tests, swaps_for
from veritrain_lib.statistics.scores import IntArray, PairedScores, pair_scores


@dataclass(frozen=True)
class CorpusMetric:
    """A metric of all answers together that is not a mean over rows, such as macro F1.

    Attributes:
        name: e.g. `macro F1`.
        champion: its answers, one a row, any array type with n rows first.
        challenger: its answers, likewise.
        score: gets answers and the row numbers they belong to (repeats included, both of
            length n) and returns the metric, in 0..1, higher is better.
    """

    name: str
    champion: NDArray[Any]
    challenger: NDArray[Any]
    score: Callable[[NDArray[Any], IntArray], float]


@dataclass(frozen=True)
class Evidence:
    """The comparison of two models on all rows.

    Attributes:
        test: name of the test.
        p: one-sided p value against 'no better'.
        champion: its score, None without rows.
        challenger: its score, None without rows.
        difference: challenger minus champion, None without rows.
        interval: for the difference, at level 1 - 2 * alpha; it excludes 0 exactly where the test is significant.
        detectable: true gain that would be detected with the requested power, None if no possible gain would be.
    """

    test: str
    p: float
    champion: float | None
    challenger: float | None
    difference: float | None
    interval: Interval
    detectable: float | None


def by_scores(pair: PairedScores, alpha: float, n_dev: int, power: float, seed: int) -> Evidence:
    """Compare mean scores: exact McNemar if all are 0 or 1, else sign flips.

    Args:
        pair: the scores.
        alpha: one-sided level, below 0.5.
        n_dev: rows of the development screen, 0 for none; for `detectable`.
        power: requested power, for `detectable`.
        seed: for sign flips.
    """
    level = 1 - 2 * alpha
    if pair.binary:
        test = "exact McNemar test"
        both = int(pair.champion @ pair.challenger)
        losses, wins = int(pair.champion.sum()) - both, int(pair.challenger.sum()) - both
        p = float(exact_p(wins, losses))
        p_less = float(exact_p(losses, wins))
        bounds = paired_difference_bounds(both, wins, losses, pair.n - both - wins - losses, level)
    else:
        test = "sign-flip test"
        swaps = max(10_000, swaps_for(alpha))
        p, p_less = (sign_flip_test(sign * pair.differences, n_swaps=swaps, seed=seed) for sign in (1, -1))
        bounds = mean_difference_bounds(pair.differences, level, pair.scale)  # type: ignore[assignment]
    low, high = agree_with_test(*bounds, pair.difference or 0.0, p, p_less, alpha)
    interval = Interval(float(low), float(high), level)
    old, new = (float(x.mean()) if pair.n else None for x in (pair.champion, pair.challenger))
    detectable = possible_gain(pair_detectable(pair, n_dev, pair.n, alpha, power), old)
    return Evidence(test, p, old, new, pair.difference, interval, detectable)


def by_metric(metric: CorpusMetric, n: int, alpha: float, power: float, seed: int) -> Evidence:
    """Compare a corpus metric: p from swaps, interval and standard error from the bootstrap.

    Args:
        metric: the metric and both models' answers.
        n: rows, 1 or more.
        alpha: as in `by_scores`.
        power: as in `by_scores`. The screen isn't counted in `detectable` here.
        seed: as in `by_scores`.

    Raises:
        ValueError: the answers don't have n rows, n is 0, or the metric isn't finite.
    """
    old, new = metric.champion, metric.challenger
    if len(old) != n or len(new) != n:
        raise ValueError(
            f"{metric.name} has {len(old)} and {len(new)} answers: expected one for each of the {n} rows"
        )
    rows = np.arange(n, dtype=np.int64)

    def swapped(mask: NDArray[np.bool_]) -> float:
        shape = (-1,) + (1,) * (old.ndim - 1)
        swap_mask = mask.reshape(shape)
        return metric.score(np.where(swap_mask, old, new), rows) - metric.score(
            np.where(swap_mask, new, old), rows
        )

    swaps, level = swaps_for(alpha), 1 - 2 * alpha
    p, p_less = swap_tests(swapped, n, n_swaps=swaps, seed=seed)
    bootstrap = paired_bootstrap(
        lambda chosen: metric.score(new[chosen], chosen) - metric.score(old[chosen], chosen),
        n,
        n_resamples=swaps,
        seed=seed,
        level=level,
    )
    low, high = agree_with_test(
        bootstrap.interval.low, bootstrap.interval.high, bootstrap.difference, p, p_less, alpha
    )
    score = metric.score(old, rows)
    return Evidence(
        f"randomization test of {metric.name}",
        p,
        score,
        metric.score(new, rows),
        bootstrap.difference,
        Interval(float(low), float(high), level),
        possible_gain(detectable_from_error(bootstrap.standard_error, alpha, power), score),
    )


@dataclass(frozen=True)
class PairedChange:
    """Two-sided comparison of two models on the same rows, for a table, not for a decision.

    Attributes:
        n: rows.
        wins: rows on which the second scores higher.
        losses: rows on which the second scores lower.
        difference: second minus first, mean score.
        low: low end of its 95 % interval.
        high: high end of its 95 % interval.
        p: two-sided p value, exact McNemar for right-or-wrong scores, else sign flips.
    """

    n: int
    wins: int
    losses: int
    difference: float
    low: float
    high: float
    p: float


def compare_paired(first: ArrayLike, second: ArrayLike, *, seed: int = 0) -> PairedChange:
    """Compare two score vectors (0..1, shape (n,), n >= 1, same rows).

    Raises:
        ValueError: shapes or scores are out of range, or there are no rows.
    """
    pair = pair_scores(first, second)
    if not pair.n:
        raise ValueError("no rows to compare: 1 or more are needed")
    wins, losses = int(np.sum(pair.differences > 0)), int(np.sum(pair.differences < 0))
    difference = float(pair.differences.mean())
    if pair.binary:
        test = mcnemar(first, second)
        return PairedChange(
            pair.n, wins, losses, difference, test.interval.low, test.interval.high, test.p_two_sided
        )
    bounds = mean_difference_bounds(pair.differences, 0.95, pair.scale)
    p_values = [sign_flip_test(sign * pair.differences, seed=seed) for sign in (1, -1)]
    low, high = agree_with_test(*bounds, difference, p_values[0], p_values[1], 0.025)
    return PairedChange(
        pair.n, wins, losses, difference, float(low), float(high), min(1.0, 2 * min(p_values))
    )
