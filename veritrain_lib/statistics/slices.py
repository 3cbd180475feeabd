"""Slice guard of the promotion decision: whether the challenger is worse on a slice (a named subset) of the rows.

A slice is judged `worse` only if a loss is shown (one-sided paired test, Holm's correction over all slices) and the
observed loss reaches the task's margin; `not worse` if the confidence interval excludes a loss of the margin; else
`can't tell`. A small slice may hide a loss, so every slice also states the loss that it would have detected.

Source of the correction: S. Holm (1979), Scandinavian Journal of Statistics 6:65-70; it holds for overlapping slices
too. `not worse` is a non-inferiority statement about one slice at level slice_alpha; it is not corrected for the number
of slices, since a promotion never rests on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from veritrain_lib.statistics.consistent_interval import make_consistent_with_test
from veritrain_lib.statistics.intervals import Interval, mean_difference_bounds, paired_difference_bounds
from veritrain_lib.statistics.mcnemar import exact_p
from veritrain_lib.statistics.power import detectable_from_error, detectable_loss
from veritrain_lib.statistics.randomization import sign_flip_test, swaps_for
from veritrain_lib.statistics.scores import BoolArray, FloatArray, PairedScores, check_fraction, pair_scores

SliceOutcome = Literal["worse", "not worse", "can't tell"]


@dataclass(frozen=True)
class SliceVerdict:
    """Verdict on one slice: whether the challenger is shown to be worse there.

    Attributes:
        name: name of the slice.
        n: number of rows of the slice.
        champion: mean score of the champion on the slice, None without rows.
        challenger: mean score of the challenger on the slice, None without rows.
        difference: challenger's mean score minus champion's, None without rows.
        interval: confidence interval of the difference, at level 1 - 2 * alpha, so that each end is a
            one-sided bound at alpha.
        p_worse: one-sided p value against the null hypothesis 'the challenger is no worse', before correction.
        p_holm: `p_worse` after Holm's correction over the slices; the verdict `worse` needs alpha or less.
        detectable_loss: true loss at which this slice would have been judged `worse` with the requested
            power, at the strictest level of Holm's method; None if no possible loss would have been, not
            even the loss of the champion's entire score.
        verdict: `worse`, `not worse` or `can't tell`.
    """

    name: str
    n: int
    champion: float | None
    challenger: float | None
    difference: float | None
    interval: Interval
    p_worse: float
    p_holm: float
    detectable_loss: float | None
    verdict: SliceOutcome


def judge_slices(
    champion: ArrayLike,
    challenger: ArrayLike,
    slices: Mapping[str, ArrayLike],
    *,
    margin: float = 0.10,
    alpha: float = 0.05,
    power: float = 0.8,
    seed: int = 0,
) -> tuple[SliceVerdict, ...]:
    """Judge on every slice whether the challenger is worse than the champion.

    Args:
        champion: the champion's scores in 0..1, shape (n,).
        challenger: the challenger's scores on the same rows in the same order.
        slices: boolean mask of each slice by its name, shape (n,); slices may overlap or be empty.
        margin: smallest loss that matters, strictly between 0 and 1, default 0.10.
        alpha: one-sided chance of calling any slice worse that isn't, default 0.05.
        power: probability that the stated detectable losses refer to, default 0.8.
        seed: seed of the randomization test of graded scores, default 0.

    Returns:
        One verdict a slice, in the order of `slices`.

    Raises:
        ValueError: scores, masks, margin, alpha or power are out of range.
    """
    return judge_pair_slices(
        pair_scores(champion, challenger), slices, margin=margin, alpha=alpha, power=power, seed=seed
    )


def judge_pair_slices(
    pair: PairedScores,
    slices: Mapping[str, ArrayLike],
    *,
    margin: float,
    alpha: float,
    power: float,
    seed: int,
) -> tuple[SliceVerdict, ...]:
    """Judge on every slice whether the challenger is worse, from scores that are already validated.

    Args:
        pair: scores of the two models on the same n rows.
        slices: boolean mask of each slice by its name, shape (n,); slices may overlap or be empty.
        margin: smallest loss that matters, strictly between 0 and 1.
        alpha: one-sided chance of calling any slice worse that isn't.
        power: probability that the stated detectable losses refer to.
        seed: seed of the randomization test of graded scores.

    Returns:
        One verdict a slice, in the order of `slices`.

    Raises:
        ValueError: masks, margin, alpha or power are out of range.
    """
    _check_levels(margin, alpha, power)
    if not slices:
        return ()
    masks = np.stack([_mask(name, mask, pair.n) for name, mask in slices.items()])
    sizes = masks.sum(axis=1)
    weights = masks / np.maximum(sizes, 1)[:, None]
    old, new, differing = weights @ pair.champion, weights @ pair.challenger, weights @ pair.differing
    n_holm_tests = max(1, int(np.sum(sizes > 0)))
    level = alpha / n_holm_tests
    if pair.binary:
        p, low, high = _judge_counts(pair, masks, 1 - 2 * alpha)
    else:
        p, low, high = _judge_means(pair, masks, 1 - 2 * alpha, level, seed)
    adjusted = holm(p, n_holm_tests)
    verdicts = []
    for i, name in enumerate(slices):
        n, change = int(sizes[i]), float(new[i] - old[i])
        verdict = _outcome(n, change, float(adjusted[i]) <= alpha, float(low[i]), margin)
        loss = _detectable_slice_loss(pair, masks[i], differing[i], old[i], level, power, margin)
        verdicts.append(
            SliceVerdict(
                name=name,
                n=n,
                champion=float(old[i]) if n else None,
                challenger=float(new[i]) if n else None,
                difference=change if n else None,
                interval=Interval(float(low[i]), float(high[i]), 1 - 2 * alpha),
                p_worse=float(p[i]),
                p_holm=float(adjusted[i]),
                detectable_loss=loss,
                verdict=verdict,
            )
        )
    return tuple(verdicts)


def _check_levels(margin: float, alpha: float, power: float) -> None:
    """Check that a margin, a one-sided significance level and a power are in range; raise a ValueError otherwise."""
    for name, value in (("margin", margin), ("alpha", alpha), ("power", power)):
        check_fraction(name, value)
    if alpha >= 0.5:
        raise ValueError(f"alpha is {alpha}: allowed is a one-sided level between 0 and 0.5")


def _outcome(n: int, change: float, significant: bool, low: float, margin: float) -> SliceOutcome:
    """Return the verdict on a slice of n rows: worse, not worse or can't tell.

    Args:
        n: Number of the slice's rows.
        change: Challenger's score minus champion's.
        significant: Whether the loss is significant after the correction for several slices.
        low: Lower end of the change's confidence interval.
        margin: Smallest loss that matters.
    """
    # The tolerance lets 3 losses in 30 rows count as a loss of 0.10.
    if n and significant and change <= -margin + 1e-9:
        return "worse"
    return "not worse" if low > -margin else "can't tell"


def _detectable_slice_loss(
    pair: PairedScores,
    mask: BoolArray,
    discordance: float,
    champion: float,
    alpha: float,
    power: float,
    margin: float,
) -> float | None:
    """Return the smallest loss on a slice that its rows could have shown; None where none could.

    Args:
        pair: Scores of the two models on the same n rows.
        mask: Which rows are in the slice, shape (n,).
        discordance: Share of the slice's rows on which exactly one of the models is right (right/wrong scores only).
        champion: The champion's mean score on the slice, more than which no model can lose.
        alpha: One-sided significance level of the slice's own test.
        power: Probability of finding that loss.
        margin: Smallest loss that matters.
    """
    n = int(mask.sum())
    if pair.binary:
        # The discordance of a small slice is uncertain; the larger of the slice's and the overall one is conservative
        # about what could have been detected.
        loss = detectable_loss(n, max(discordance, pair.discordance), alpha, power, margin)
    else:
        loss = _detectable_mean_loss(pair, mask, n, alpha, power, margin)
    return loss if loss is not None and loss <= champion + 1e-9 else None


def holm(p_values: ArrayLike, n_tests: int | None = None) -> FloatArray:
    """Return Holm's step-down adjusted p values of several tests.

    Args:
        p_values: p values of the tests, shape (k,), in 0..1.
        n_tests: number of tests to correct for, default k; fewer if some of the tests could never reject.

    Returns:
        Adjusted p values in 0..1, shape (k,), in the order of `p_values`.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    factors = np.maximum((p.size if n_tests is None else n_tests) - np.arange(p.size), 1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted


def _judge_counts(
    pair: PairedScores, masks: BoolArray, level: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    old, new = pair.champion, pair.challenger
    cells = np.stack([old * new, (1 - old) * new, old * (1 - new), (1 - old) * (1 - new)], axis=1)
    both, wins, losses, neither = np.rint(masks.astype(np.float64) @ cells).T
    worse, better = exact_p(losses, wins), exact_p(wins, losses)
    bounds = paired_difference_bounds(both, wins, losses, neither, level)
    change = (wins - losses) / np.maximum(both + wins + losses + neither, 1)
    return worse, *make_consistent_with_test(*bounds, change, better, worse, (1 - level) / 2)


def _judge_means(
    pair: PairedScores, masks: BoolArray, level: float, strictest: float, seed: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    swaps = swaps_for(strictest)
    parts = [pair.differences[rows] for rows in masks]
    worse, better = (
        np.array([sign_flip_test(sign * part, n_swaps=swaps, seed=seed + i) for i, part in enumerate(parts)])
        for sign in (-1, 1)
    )
    bounds = np.array([mean_difference_bounds(part, level, pair.scale) for part in parts])
    change = np.array([part.mean() if part.size else 0.0 for part in parts])
    return worse, *make_consistent_with_test(
        bounds[:, 0], bounds[:, 1], change, better, worse, (1 - level) / 2
    )


def _detectable_mean_loss(
    pair: PairedScores, rows: BoolArray, n: int, alpha: float, power: float, margin: float
) -> float | None:
    if not n or 0.5**n > alpha:  # even a loss in every row is no rarer than 2**-n under swaps
        return None
    spread = max(float(np.sqrt(np.mean(pair.differences[part] ** 2))) for part in (rows, slice(None)))
    error = spread / float(np.sqrt(n))
    significant_loss = detectable_from_error(error, alpha, power)
    margin_loss = margin + detectable_from_error(error, 0.5, power)
    loss = max(significant_loss, margin_loss)
    return loss if loss <= 1 else None


def _mask(name: str, mask: ArrayLike, n: int) -> BoolArray:
    rows = np.asarray(mask)
    if rows.dtype != np.bool_ or rows.shape != (n,):
        raise ValueError(
            f"slice {name!r} has a mask of type {rows.dtype} and shape {rows.shape}: "
            f"expected bool, shape ({n},)"
        )
    return rows
