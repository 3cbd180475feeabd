"""Slice guard: whether the challenger is worse on a slice, and which loss would have been detected.

Each slice is judged `worse` only where a loss is shown (one-sided paired test, Holm over
all slices) and the observed loss reaches the task's margin; `not worse` where the interval
excludes a loss of the margin; else `can't tell`. A small slice may hide a loss, so every
slice also states the loss that it would have detected.

Source of the correction: S. Holm (1979), Scandinavian Journal of Statistics 6:65-70; it
holds for overlapping slices too. `not worse` is a non-inferiority statement for the one
slice at level slice_alpha; statements about several slices aren't corrected, since a
promotion never rests on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from veritrain_lib.statistics.agreeing import agree_with_test
from veritrain_lib.statistics.intervals import Interval, mean_difference_bounds, paired_difference_bounds
from veritrain_lib.statistics.mcnemar import exact_p
from veritrain_lib.statistics.power import detectable_from_error, detectable_loss
from veritrain_lib.statistics.randomization import sign_flip_test, swaps_for
from veritrain_lib.statistics.scores import BoolArray, FloatArray, PairedScores, check_fraction, pair_scores

SliceOutcome = Literal["worse", "not worse", "can't tell"]


@dataclass(frozen=True)
class SliceVerdict:
    """The verdict on one slice.

    Attributes:
        name: the slice.
        n: its rows.
        champion: its mean score, None without rows.
        challenger: its mean score, None without rows.
        difference: challenger minus champion, None without rows.
        interval: for the difference, at level 1 - 2 * alpha, so that each end is a
            one-sided bound at alpha.
        p_worse: one-sided p value against 'no worse', before correction.
        p_holm: the same after Holm over the slices; `worse` needs it at alpha or below.
        detectable_loss: true loss at which this slice would have been `worse` with the requested
            power, at the strictest Holm step; None if no possible loss would have been, not
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
    """Judge every slice of a comparison.

    Args:
        champion: scores in 0..1, shape (n,).
        challenger: scores on the same rows in the same order.
        slices: name to boolean mask over the rows, shape (n,); slices may overlap or be empty.
        margin: loss that matters, in 0..1 excluded, default 0.10.
        alpha: one-sided chance of calling any slice worse that isn't, default 0.05.
        power: for the stated detectable losses, default 0.8.
        seed: for the randomization test of graded scores, default 0.

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
    """Judge every slice, like `judge_slices`, on scores that are already validated."""
    for name, value in (("margin", margin), ("alpha", alpha), ("power", power)):
        check_fraction(name, value)
    if alpha >= 0.5:
        raise ValueError(f"alpha is {alpha}: allowed is a one-sided level between 0 and 0.5")
    if not slices:
        return ()
    masks = np.stack([_mask(name, mask, pair.n) for name, mask in slices.items()])
    sizes = masks.sum(axis=1)
    weights = masks / np.maximum(sizes, 1)[:, None]
    old, new, differing = weights @ pair.champion, weights @ pair.challenger, weights @ pair.differing
    n_holm_tests = max(1, int(np.sum(sizes > 0)))
    if pair.binary:
        p, low, high = _judge_counts(pair, masks, 1 - 2 * alpha)
    else:
        p, low, high = _judge_means(pair, masks, 1 - 2 * alpha, alpha / n_holm_tests, seed)
    adjusted = holm(p, n_holm_tests)
    verdicts = []
    for i, name in enumerate(slices):
        n, change = int(sizes[i]), float(new[i] - old[i])
        verdict: SliceOutcome = "can't tell"
        # The tolerance lets 3 losses in 30 rows count as a loss of 0.10.
        if n and adjusted[i] <= alpha and change <= -margin + 1e-9:
            verdict = "worse"
        elif low[i] > -margin:
            verdict = "not worse"
        if pair.binary:
            # The discordance of a small slice is uncertain; the larger of the slice's and the
            # overall one is conservative about what could have been detected.
            discordance = max(float(differing[i]), pair.discordance)
            loss = detectable_loss(n, discordance, alpha / n_holm_tests, power, margin)
        else:
            loss = _detectable_mean_loss(pair, masks[i], n, alpha / n_holm_tests, power, margin)
        if loss is not None and loss > old[i] + 1e-9:
            loss = None  # no model can lose more than the champion's score
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


def holm(p_values: ArrayLike, n_tests: int | None = None) -> FloatArray:
    """Return Holm's step-down adjusted p values, shape (k,), in the order of `p_values`.

    Args:
        p_values: shape (k,), in 0..1.
        n_tests: tests to correct for, default k; fewer if some could never reject.
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
    return worse, *agree_with_test(*bounds, change, better, worse, (1 - level) / 2)


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
    return worse, *agree_with_test(bounds[:, 0], bounds[:, 1], change, better, worse, (1 - level) / 2)


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
