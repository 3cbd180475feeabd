"""Difference of two models on a set of rows, with confidence interval and p value.

There are three tests, chosen by the kind of score: right-or-wrong scores, graded scores, or a corpus metric.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from veritrain_lib.statistics.bootstrap import paired_bootstrap
from veritrain_lib.statistics.consistent_interval import make_consistent_with_test
from veritrain_lib.statistics.detectable import pair_detectable, possible_gain
from veritrain_lib.statistics.intervals import Interval, mean_difference_bounds, paired_difference_bounds
from veritrain_lib.statistics.mcnemar import exact_p, mcnemar
from veritrain_lib.statistics.power import detectable_from_error
from veritrain_lib.statistics.randomization import sign_flip_test, swap_tests, swaps_for
from veritrain_lib.statistics.scores import IntArray, PairedScores, pair_scores


@dataclass(frozen=True)
class CorpusMetric:
    """Corpus metric with both models' answers: a metric that is computed from all answers together, such as macro F1.

    Attributes:
        name: name of the metric, e.g. `macro F1`.
        champion: the champion's answers, an array whose first axis has the n rows.
        challenger: the challenger's answers, in the same form.
        score: function that gets answers and the row numbers they belong to (repeats included, both of
            length n) and returns the metric, in 0..1, higher is better.
    """

    name: str
    champion: NDArray[Any]
    challenger: NDArray[Any]
    score: Callable[[NDArray[Any], IntArray], float]


@dataclass(frozen=True)
class Evidence:
    """Comparison of two models on all rows: difference, confidence interval and p value.

    Attributes:
        test: name of the test.
        p: one-sided p value against the null hypothesis 'the challenger is no better'.
        champion: score of the champion, 0..1; None without rows.
        challenger: score of the challenger, 0..1; None without rows.
        difference: challenger's score minus champion's, None without rows.
        interval: confidence interval of the difference at level 1 - 2 * alpha; it excludes 0 exactly where the test at
            one-sided level alpha is significant.
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
    """Compare two models by their mean scores: exact McNemar test if all scores are 0 or 1, else sign-flip test.

    Args:
        pair: scores of the two models on the same rows.
        alpha: one-sided level, below 0.5.
        n_dev: number of rows of the development screen, 0 for no screen; used only for `Evidence.detectable`.
        power: requested power, used only for `Evidence.detectable`.
        seed: seed of the sign flips.
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
    low, high = make_consistent_with_test(*bounds, pair.difference or 0.0, p, p_less, alpha)
    interval = Interval(float(low), float(high), level)
    old, new = (float(x.mean()) if pair.n else None for x in (pair.champion, pair.challenger))
    detectable = possible_gain(pair_detectable(pair, n_dev, pair.n, alpha, power), old)
    return Evidence(test, p, old, new, pair.difference, interval, detectable)


def by_metric(metric: CorpusMetric, n: int, alpha: float, power: float, seed: int) -> Evidence:
    """Compare two models by a corpus metric: p value from random swaps of their answers, interval from the bootstrap.

    Args:
        metric: the metric and both models' answers.
        n: number of rows, 1 or more.
        alpha: one-sided level, below 0.5.
        power: requested power for `Evidence.detectable`, which leaves the development screen out here.
        seed: seed of the swaps and of the bootstrap.

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
    low, high = make_consistent_with_test(
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
    """Two-sided comparison of two models on the same rows, for a table of results.

    The promotion decision is one-sided and uses `Evidence` instead.

    Attributes:
        n: number of rows.
        wins: number of rows on which the second model scores higher.
        losses: number of rows on which the second model scores lower.
        difference: mean score of the second model minus that of the first.
        low: low end of the 95 % interval of the difference.
        high: high end of the 95 % interval of the difference.
        p: two-sided p value, by the exact McNemar test for right-or-wrong scores, else by sign flips.
    """

    n: int
    wins: int
    losses: int
    difference: float
    low: float
    high: float
    p: float


def compare_paired(first: ArrayLike, second: ArrayLike, *, seed: int = 0) -> PairedChange:
    """Compare two models by their scores of the same rows, two-sidedly, for a table of results.

    Args:
        first: scores of the first model in 0..1, shape (n,), n >= 1.
        second: scores of the second model on the same rows in the same order.
        seed: seed of the sign flips for graded scores, default 0.

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
    low, high = make_consistent_with_test(*bounds, difference, p_values[0], p_values[1], 0.025)
    return PairedChange(
        pair.n, wins, losses, difference, float(low), float(high), min(1.0, 2 * min(p_values))
    )
