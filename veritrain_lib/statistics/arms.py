"""Comparison of several settings (arms), each tried with several seeds and measured on the same rows.

Two things make a difference of two arms uncertain: other seeds would give other models, and other rows would give other
scores. The variance of a mean over seeds and rows is therefore estimated by the sum of two variances, over seeds and
over rows. The variance that both share is not subtracted, so the sum is never too small (A. C. Cameron, J. B. Gelbach
and D. L. Miller, 2011, Journal of Business & Economic Statistics 29:238-249, eq. 2.11 without its third term). The
degrees of freedom are those of F. E. Satterthwaite (1946), Biometrics Bulletin 2:110-114. The p values of all pairs of
arms are corrected together by Holm's method (see `slices.holm`), so that picking the best arm afterwards is covered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from veritrain_lib.statistics.scores import FloatArray
from veritrain_lib.statistics.slices import holm

ALPHA = 0.05
"""Significance level over all pairs of arms: the chance that any two equal arms are called different.

The p values are corrected by Holm's method for that. 1 - ALPHA is the level of the confidence intervals.
"""


@dataclass(frozen=True)
class ArmMean:
    """Mean score of one setting (arm) over its seeds and rows, with a 95 % confidence interval.

    Attributes:
        arm: name of the arm.
        seeds: number of seeds.
        rows: number of rows.
        mean: mean score over seeds and rows, 0..1.
        low: low end of the 95 % interval; with one seed it covers only the variation over rows; None for fewer than two
            rows.
        high: high end of the same interval; None for fewer than two rows.
    """

    arm: str
    seeds: int
    rows: int
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ArmDifference:
    """Difference of two settings (arms) on the seeds that both have.

    Attributes:
        first: name of the first arm.
        second: name of the second arm.
        seeds: number of seeds that both have.
        difference: mean score of the second arm minus that of the first, -1..1; None if they have no seed in common.
        low: low end of the 95 % interval of this difference, not corrected for the number of pairs; None with fewer
            than two seeds or rows.
        high: high end of the same interval; None with fewer than two seeds or rows.
        p: two-sided p value of this pair alone; None with fewer than two seeds or rows.
        p_holm: p value corrected by Holm's method over all pairs that could be tested; None where `p` is None.
        differs: whether `p_holm` is at most 0.05; None where `p` is None.
    """

    first: str
    second: str
    seeds: int
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    differs: bool | None


Scores = Mapping[str, Mapping[int, FloatArray]]
"""Scores of the rows by arm and by seed: arrays of shape (rows,) with values 0..1, for the same rows everywhere."""


def arm_means(scores: Scores) -> list[ArmMean]:
    """Return the mean score of each setting (arm), with its 95 % interval over seeds and rows.

    Args:
        scores: scores of the rows by arm and by seed.

    Raises:
        ValueError: the arms were not measured on the same number of rows.
    """
    _same_rows(scores)
    means = []
    for arm, by_seed in scores.items():
        table = np.stack(list(by_seed.values()))
        mean = float(table.mean())
        half = _half_width(table) if table.shape[1] > 1 else None
        low, high = (None, None) if half is None else (max(0.0, mean - half), min(1.0, mean + half))
        means.append(ArmMean(arm, table.shape[0], table.shape[1], mean, low, high))
    return means


def arm_differences(scores: Scores) -> list[ArmDifference]:
    """Return the differences of all pairs of settings (arms), their p values corrected for the number of pairs.

    Args:
        scores: scores of the rows by arm and by seed.

    Returns:
        One entry for each pair of arms, in the order of `scores`.

    Raises:
        ValueError: the arms were not measured on the same number of rows.
    """
    _same_rows(scores)
    pairs = [_pair(first, second, scores) for first, second in combinations(scores, 2)]
    tested = [pair for pair in pairs if pair.p is not None]
    adjusted = dict(
        zip(map(id, tested), holm([pair.p for pair in tested if pair.p is not None]), strict=True)
    )
    return [
        pair
        if pair.p is None
        else ArmDifference(
            pair.first, pair.second, pair.seeds, pair.difference, pair.low, pair.high, pair.p,
            float(adjusted[id(pair)]), bool(adjusted[id(pair)] <= ALPHA),
        )
        for pair in pairs
    ]  # fmt: skip


def _pair(first: str, second: str, scores: Scores) -> ArmDifference:
    from scipy.stats import t

    seeds = [seed for seed in scores[first] if seed in scores[second]]
    if not seeds:
        return ArmDifference(first, second, 0, None, None, None, None, None, None)
    table = np.stack([scores[second][seed] - scores[first][seed] for seed in seeds])
    difference = float(table.mean())
    if len(seeds) < 2 or table.shape[1] < 2:
        return ArmDifference(first, second, len(seeds), difference, None, None, None, None, None)
    variance, freedom = _variance(table)
    if variance == 0:
        # Every row has the same difference with every seed: nothing varies that could explain it by chance.
        p, half = (1.0 if difference == 0 else 0.0), 0.0
    else:
        error = variance**0.5
        p = float(2 * t.sf(abs(difference) / error, freedom))
        half = float(t.ppf(1 - ALPHA / 2, freedom)) * error
    low, high = max(-1.0, difference - half), min(1.0, difference + half)
    return ArmDifference(first, second, len(seeds), difference, low, high, p, None, None)


def _half_width(table: FloatArray) -> float:
    from scipy.stats import t

    variance, freedom = _variance(table)
    return float(t.ppf(1 - ALPHA / 2, freedom)) * variance**0.5 if variance else 0.0


def _variance(table: FloatArray) -> tuple[float, float]:
    """Return the variance of the mean of a (seeds, rows) table of scores, and its Satterthwaite degrees of freedom."""
    seeds, rows = table.shape
    of_rows = float(table.mean(axis=0).var(ddof=1)) / rows
    of_seeds = float(table.mean(axis=1).var(ddof=1)) / seeds if seeds > 1 else 0.0
    total = of_rows + of_seeds
    if total < 1e-24:
        return 0.0, 1.0
    parts = of_rows**2 / (rows - 1) + (of_seeds**2 / (seeds - 1) if seeds > 1 else 0.0)
    return total, total**2 / parts


def _same_rows(scores: Scores) -> None:
    counts = {len(rows) for by_seed in scores.values() for rows in by_seed.values()}
    if len(counts) > 1:
        raise ValueError(
            f"all arms must be measured on the same rows; there are sets of {sorted(counts)} rows"
        )
