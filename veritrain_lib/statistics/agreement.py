"""Cohen's kappa, plain or weighted, with a confidence interval: the agreement of two raters beyond chance.

Sources: J. Cohen (1960), Educational and Psychological Measurement 20:37-46, and (1968), Psychological
Bulletin 70:213-220, for the values; J. L. Fleiss, J. Cohen and B. S. Everitt (1969), Psychological Bulletin
72:323-327, for the large-sample standard error.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from veritrain_lib.statistics.intervals import Interval, normal_quantile
from veritrain_lib.statistics.scores import FloatArray

Weights = Literal["none", "linear", "quadratic"]

PSEUDO_ROWS = 3.0
"""Number of pseudo rows with chance agreement that are added before the interval of kappa is computed.

Without them two raters who agree on each of a few rows would get an interval of zero width. With 3 the low end stayed
below the true kappa in 95.3 % or more of 1,500 simulated samples for each of 30 to 200 rows, 2, 3 and 5 categories,
kappa 0 to 0.9, and equal or lopsided shares of the categories. The interval contained the true kappa in 91.6 % or more
of the samples with equal shares. With few rows and lopsided shares the high end is too low (the interval contained the
true kappa in 81 % at 30 rows).
"""


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa of two raters, with its confidence interval.

    Attributes:
        value: kappa: 1 is full agreement, 0 agreement as by chance, below 0 less than by chance; None when it is
            undefined: there are no rows, or both raters gave one and the same category to all of them.
        interval: confidence interval of kappa within -1..1; all of -1..1 when kappa is undefined.
        n: number of rows rated by both.
        observed: observed (weighted) share of agreement, 0..1.
        expected: share of agreement expected by chance, from the two raters' marginal frequencies, 0..1.
        weights: how a disagreement counts: `none` (two categories are equal or not), or `linear` or `quadratic` in the
            distance of the two categories.
    """

    value: float | None
    interval: Interval
    n: int
    observed: float
    expected: float
    weights: Weights


def cohen_kappa(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    categories: Sequence[Hashable],
    *,
    weights: Weights = "none",
    level: float = 0.95,
) -> Kappa:
    """Compute Cohen's kappa of two raters over the same rows.

    Args:
        first: the first rater's category for each row.
        second: the second rater's category for each row, in the same order.
        categories: all possible categories, at least 2; with weights their order defines the distance.
        weights: how a disagreement counts: `none` (default, equal or not), or `linear` or `quadratic` in the distance.
        level: confidence level of the interval, default 0.95.

    Returns:
        Kappa with its interval and the shares of agreement that it is computed from.

    Raises:
        ValueError: the raters have different numbers of rows, a category is not listed, or an argument is out of range.
    """
    if weights not in get_args(Weights):
        raise ValueError(f"weights is {weights!r}: allowed is one of {', '.join(get_args(Weights))}")
    table = _joint(first, second, categories)
    n = int(table.sum())
    credit = _credit(len(categories), weights)
    undefined = Kappa(None, Interval(-1.0, 1.0, level), n, 0.0, 0.0, weights)
    if not n:
        return undefined
    observed, expected = _agreements(table / n, credit)
    if expected >= 1 - 1e-12:
        return Kappa(None, Interval(-1.0, 1.0, level), n, observed, expected, weights)
    value = (observed - expected) / (1 - expected)
    smoothed = table + PSEUDO_ROWS * np.outer(table.sum(1), table.sum(0)) / n**2
    total = float(smoothed.sum())
    centre_observed, centre_expected = _agreements(smoothed / total, credit)
    centre = (centre_observed - centre_expected) / (1 - centre_expected)
    half_width = normal_quantile(level) * standard_error(smoothed, credit)
    low, high = max(-1.0, min(value, centre - half_width)), min(1.0, max(value, centre + half_width))
    return Kappa(value, Interval(low, high, level), n, observed, expected, weights)


def standard_error(table: FloatArray, credit: FloatArray) -> float:
    """Compute the large-sample standard error of (weighted) kappa.

    The formula is that of Fleiss, Cohen and Everitt (1969) for a true kappa that need not be 0.

    Args:
        table: counts of rows, shape (categories, categories): lines by the first rater, columns by the second.
        credit: how much each pair of categories counts as agreement, 0..1, same shape; 1 on the diagonal.
    """
    n = float(table.sum())
    shares = table / n
    rows, columns = shares.sum(1), shares.sum(0)
    observed, expected = _agreements(shares, credit)
    means = (credit @ columns)[:, None] + (credit.T @ rows)[None, :]
    spread = credit * (1 - expected) - means * (1 - observed)
    middle = observed * expected - 2 * expected + observed
    variance = (float((shares * spread**2).sum()) - middle**2) / (n * (1 - expected) ** 4)
    return float(np.sqrt(max(variance, 0.0)))


def _joint(
    first: Sequence[Hashable], second: Sequence[Hashable], categories: Sequence[Hashable]
) -> FloatArray:
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} ratings: both raters must rate the same rows")
    positions = {category: number for number, category in enumerate(categories)}
    if len(positions) < 2 or len(positions) != len(categories):
        raise ValueError(f"categories are {list(categories)}: at least 2 different ones are needed")
    unlisted = sorted({str(rating) for rating in [*first, *second] if rating not in positions})
    if unlisted:
        raise ValueError(f"unlisted categories: {', '.join(unlisted)}; listed: {list(categories)}")
    table = np.zeros((len(positions), len(positions)))
    for first_rating, second_rating in zip(first, second, strict=True):
        table[positions[first_rating], positions[second_rating]] += 1
    return table


def _credit(count: int, weights: Weights) -> FloatArray:
    if weights == "none":
        return np.eye(count)
    positions = np.arange(count, dtype=np.float64)
    distance = np.abs(positions[:, None] - positions[None, :]) / (count - 1)
    return 1 - distance ** (1 if weights == "linear" else 2)


def _agreements(shares: FloatArray, credit: FloatArray) -> tuple[float, float]:
    by_chance = np.outer(shares.sum(1), shares.sum(0))
    return float((credit * shares).sum()), float((credit * by_chance).sum())
