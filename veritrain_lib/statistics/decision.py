"""The promotion decision: whether the challenger is better than the champion on the held-out test set.

Right-or-wrong scores are tested by the exact McNemar test, graded scores by the sign-flip test, and a corpus metric
(such as macro F1) by a randomization test that swaps the two models' answers. Each test is one-sided, at the
significance level of the current look at the test set. A challenger that is worse on a slice is not promoted; this rule
can only forbid a promotion, so it never adds to the chance of a false one.

Of the whole result only `Decision.promote` may be fed back into the loop; the module `looks` explains why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from veritrain_lib.statistics.evidence import CorpusMetric, Evidence, by_metric, by_scores
from veritrain_lib.statistics.intervals import Interval
from veritrain_lib.statistics.scores import check_fraction, pair_scores
from veritrain_lib.statistics.slices import SliceVerdict, judge_pair_slices

Outcome = Literal["better", "not better", "inconclusive"]

USEFUL_GAIN = 0.01
"""Default of the smallest gain that is worth having, as a difference of scores on a scale of 0 to 1."""


def outcome(better: bool, high: float, useful_gain: float = USEFUL_GAIN) -> Outcome:
    """Return the verdict on a comparison of two models: `better`, `not better` or `inconclusive`.

    All stages take the verdict from this function.

    Args:
        better: whether the test of 'the challenger is better' is significant at its level.
        high: upper end of the confidence interval of the gain, -1..1.
        useful_gain: smallest gain worth having, 0..1, default 0.01.

    Returns:
        `better` if the test is significant; else `not better` if the interval excludes every gain of `useful_gain` or
        more, or every gain at all; else `inconclusive`.
    """
    if better:
        return "better"
    return "not better" if high < useful_gain or high <= 0 else "inconclusive"


@dataclass(frozen=True)
class Decision:
    """Result of one comparison of two models on the held-out test set: verdict, gain, p value and slices.

    Attributes:
        verdict: `better` if the test is significant at `look_alpha`; `not better` if the interval excludes every useful
            gain; else `inconclusive`.
        promote: whether the challenger is promoted: it is better, and no slice is worse.
        p: one-sided p value against the null hypothesis 'the challenger is no better'.
        look_alpha: significance level of this look at the test set.
        champion: score of the champion, 0..1; None without rows.
        challenger: score of the challenger, 0..1; None without rows.
        difference: challenger's score minus champion's, None without rows.
        interval: confidence interval of the difference, at level 1 - 2 * look_alpha, so that each end is a
            one-sided bound at the level of the test.
        n: number of rows of the held-out test set.
        discordance: share of rows on which the two models score differently, 0..1.
        useful_gain: smallest gain that matters to the task, 0..1.
        detectable: true gain at which a challenger would be promoted with probability `power`; None if no possible gain
            would be.
        power: probability that `detectable` is stated for.
        test: name of the test.
        slices: one verdict a slice.
        explanation: one sentence for people.
    """

    verdict: Outcome
    promote: bool
    p: float
    look_alpha: float
    champion: float | None
    challenger: float | None
    difference: float | None
    interval: Interval
    n: int
    discordance: float
    useful_gain: float
    detectable: float | None
    power: float
    test: str
    slices: tuple[SliceVerdict, ...]
    explanation: str


def decide(
    champion: ArrayLike,
    challenger: ArrayLike,
    *,
    look_alpha: float,
    slices: Mapping[str, ArrayLike] | None = None,
    margin: float = 0.10,
    slice_alpha: float = 0.05,
    useful_gain: float = USEFUL_GAIN,
    n_dev: int = 0,
    power: float = 0.8,
    metric: CorpusMetric | None = None,
    seed: int = 0,
) -> Decision:
    """Decide by the scores on the held-out test set whether the challenger replaces the champion.

    Args:
        champion: scores in 0..1, shape (n,); 0 or 1 for accuracy. A row that a model failed on scores 0.
        challenger: scores on the same rows in the same order.
        look_alpha: one-sided significance level of this look at the test set (`LookPlan.alpha_at`), below 0.5.
        slices: boolean mask of each slice by its name, shape (n,); slices may overlap; default none.
        margin: a slice forbids the promotion if a loss is shown on it and is at least this large, default 0.10.
        slice_alpha: one-sided chance of calling any slice worse that isn't, default 0.05.
        useful_gain: smallest gain worth having, 0..1, default 0.01.
        n_dev: number of rows of the development screen that the challenger passed before; the stated detectable gain is
            then that of screen and test together. Default 0: there was no screen.
        power: probability that the stated detectable gain and losses refer to, default 0.8.
        metric: corpus metric to decide by, instead of the mean score; slices are still judged by the scores.
        seed: seed of the tests and intervals that draw at random, default 0.

    Raises:
        ValueError: an argument is out of range, or shapes don't agree.
    """
    _check_arguments(look_alpha, power, useful_gain, n_dev)
    pair = pair_scores(champion, challenger)
    guard = judge_pair_slices(pair, slices or {}, margin=margin, alpha=slice_alpha, power=power, seed=seed)
    if metric:
        evidence = by_metric(metric, pair.n, look_alpha, power, seed)
    else:
        evidence = by_scores(pair, look_alpha, n_dev, power, seed)
    verdict = outcome(evidence.p <= look_alpha, evidence.interval.high, useful_gain)
    worse = [part.name for part in guard if part.verdict == "worse"]
    return Decision(
        verdict=verdict,
        promote=verdict == "better" and not worse,
        p=evidence.p,
        look_alpha=look_alpha,
        champion=evidence.champion,
        challenger=evidence.challenger,
        difference=evidence.difference,
        interval=evidence.interval,
        n=pair.n,
        discordance=pair.discordance,
        useful_gain=useful_gain,
        detectable=evidence.detectable,
        power=power,
        test=evidence.test,
        slices=guard,
        explanation=_explain(verdict, evidence, pair.n, look_alpha, worse, len(guard), useful_gain),
    )


def _check_arguments(look_alpha: float, power: float, useful_gain: float, n_dev: int) -> None:
    check_fraction("look_alpha", look_alpha)
    if look_alpha >= 0.5:
        raise ValueError(f"look_alpha is {look_alpha}: allowed is a one-sided level between 0 and 0.5")
    check_fraction("power", power)
    if not 0 <= useful_gain <= 1:
        raise ValueError(f"useful_gain is {useful_gain}: allowed is 0..1")
    if n_dev < 0:
        raise ValueError(f"n_dev is {n_dev}: allowed is 0 or more rows")


def _explain(
    verdict: Outcome,
    evidence: Evidence,
    n: int,
    alpha: float,
    worse: list[str],
    n_slices: int,
    useful_gain: float,
) -> str:
    if evidence.difference is None:
        return "Inconclusive: the held-out test set has no rows."
    measured = (
        f"{100 * evidence.difference:+.1f} points ({100 * evidence.interval.level:.4g} % interval "
        f"{100 * evidence.interval.low:+.1f} to {100 * evidence.interval.high:+.1f}) on {n} held-out rows, "
        f"{evidence.test}, p = {evidence.p:.2g} at {alpha:.2g}"
    )
    if verdict == "better":
        if worse:
            return f"Better but not promoted: {measured}, while it is worse in {', '.join(worse)}."
        guard = f", and none of {n_slices} slices is shown to be worse" if n_slices else ""
        return f"Better: {measured}{guard}."
    if verdict == "not better":
        return f"Not better: {measured}; a gain of {100 * useful_gain:.1f} points or more is excluded."
    detectability = (
        "no gain could have been shown"
        if evidence.detectable is None
        else f"a true gain of {100 * evidence.detectable:.1f} points would mostly have been shown"
    )
    return f"Inconclusive: {measured}; {detectability}."
