"""Development screen: whether the challenger's gain on development rows is worth a look at the held-out test set.

A look (one evaluation on the test set) spends a part of the error budget, so it is used only when the gain observed on
the development rows could be significant on the held-out test set: it must reach the smallest gain that the test would
find significant, at the observed discordance (share of rows on which the models differ). Development rows may be used
without limit, because the test on the held-out set does not rely on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from veritrain_lib.statistics.detectable import critical_difference, pair_detectable, possible_gain
from veritrain_lib.statistics.scores import PairedScores, check_fraction, pair_scores


@dataclass(frozen=True)
class Screen:
    """Result of the development screen: whether a look at the held-out test set is worth its share of the error budget.

    Attributes:
        opens: whether the gain on development rows reaches the threshold, so that the look may be used.
        difference: gain on development rows, challenger minus champion; None without rows.
        threshold: smallest observed gain that could be significant on the held-out test set;
            None if no gain could, because the set has too few rows for the level.
        discordance: share of development rows on which the two models score differently, 0..1.
        n_dev: number of development rows.
        n_test: number of rows of the held-out test set.
        look_alpha: one-sided significance level of the look.
        detectable: true gain at which screen and test together promote with
            probability `power`, unless a slice is worse; None if no such gain is possible.
        power: probability that `detectable` is stated for.
        explanation: one sentence for people.
    """

    opens: bool
    difference: float | None
    threshold: float | None
    discordance: float
    n_dev: int
    n_test: int
    look_alpha: float
    detectable: float | None
    power: float
    explanation: str


def screen(
    dev_champion: ArrayLike, dev_challenger: ArrayLike, *, n_test: int, look_alpha: float, power: float = 0.8
) -> Screen:
    """Decide by its gain on development rows whether a challenger may use a look at the held-out test set.

    Args:
        dev_champion: the champion's scores in 0..1 on development rows, shape (n_dev,).
        dev_challenger: the challenger's scores on the same rows in the same order.
        n_test: number of rows of the held-out test set, 0 or more.
        look_alpha: one-sided level at which the next look is tested (`LookPlan.alpha_at`).
        power: probability that the stated detectable gain refers to, default 0.8.

    Raises:
        ValueError: scores, n_test, look_alpha or power are out of range.
    """
    pair = pair_scores(dev_champion, dev_challenger)
    if n_test < 0:
        raise ValueError(f"n_test is {n_test}: allowed is 0 or more rows")
    check_fraction("look_alpha", look_alpha)
    check_fraction("power", power)
    threshold = _threshold(pair, n_test, look_alpha)
    gain = pair.difference
    opens = gain is not None and threshold is not None and gain >= threshold - 1e-9
    return Screen(
        opens=opens,
        difference=gain,
        threshold=threshold,
        discordance=pair.discordance,
        n_dev=pair.n,
        n_test=n_test,
        look_alpha=look_alpha,
        detectable=possible_gain(
            pair_detectable(pair, pair.n, n_test, look_alpha, power),
            float(pair.champion.mean()) if pair.n else None,
        ),
        power=power,
        explanation=_explain(opens, gain, threshold, pair.n, n_test),
    )


def _threshold(pair: PairedScores, n_test: int, alpha: float) -> float | None:
    if pair.binary:
        return critical_difference(n_test, pair.discordance, alpha)
    if not n_test or 0.5**n_test > alpha:
        return None
    spread = float(np.sqrt(np.mean(pair.differences**2)))
    return NormalDist().inv_cdf(1 - alpha) * spread / float(np.sqrt(n_test))


def _explain(opens: bool, gain: float | None, threshold: float | None, n_dev: int, n_test: int) -> str:
    if gain is None:
        return "The held-out test set stays locked: there are no development rows."
    if threshold is None:
        return f"The held-out test set stays locked: with {n_test} rows no gain could be significant at this look."
    verb = "may be evaluated" if opens else "stays locked"
    side = "reaches" if opens else "is below"
    return (
        f"The held-out test set {verb}: the gain of {100 * gain:+.1f} points on {n_dev} development rows {side} "
        f"the {100 * threshold:.1f} points that could be significant on its {n_test} rows."
    )
