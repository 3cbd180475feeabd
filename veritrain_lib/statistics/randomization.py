"""Approximate randomization tests: paired tests that swap the two models' answers at random.

If the models are exchangeable on every row, swapping their answers does not change the distribution of the metric's
difference. Under that null hypothesis the test is exact whatever the metric, and because the observed difference counts
as one of the swaps (the '+1'), it is valid for any number of random swaps. Sources: E. W. Noreen (1989),
Computer-Intensive Methods for Testing Hypotheses; S. Riezler and J. Maxwell (2005), ACL workshop on evaluation
measures; B. Phipson and G. Smyth (2010), SAGMB 9:39, for the '+1'.

Limit: for models that are equal on average but not exchangeable (one steady, one erratic) the test holds its level only
approximately, with many rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from veritrain_lib.statistics.scores import BoolArray, check_fraction

MIN_SWAPS = 2000
"""Smallest number of random swaps, and the default of `swap_test` and `swap_tests`."""


def swaps_for(alpha: float) -> int:
    """Return how many random swaps a randomization test needs for p values near `alpha`: 20 / alpha, at least 2,000."""
    return max(MIN_SWAPS, math.ceil(20 / check_fraction("alpha", alpha)))


def sign_flip_test(differences: ArrayLike, *, n_swaps: int = 10_000, seed: int = 0) -> float:
    """Return the one-sided p value of two models' mean score difference, by random sign flips of the row differences.

    Args:
        differences: challenger's minus champion's score of each row, shape (n,), finite.
        n_swaps: number of random flips, 1 or more, default 10,000; the smallest p is 1 / (n_swaps + 1).
        seed: seed of the flips; equal seeds give equal results, default 0.

    Returns:
        p in (0, 1] against the null hypothesis 'the challenger is no better'; 1 if no row differs.

    Raises:
        ValueError: wrong shape, not finite, or n_swaps below 1.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or not np.all(np.isfinite(values)):
        raise ValueError(f"differences have shape {values.shape}: expected finite numbers, shape (n,)")
    _check_swaps(n_swaps)
    nonzero = values[values != 0]  # flipping a row without a difference changes nothing
    if not nonzero.size:
        return 1.0
    rng = np.random.default_rng(seed)
    observed = float(nonzero.sum())
    tolerance = 1e-9 * float(np.abs(nonzero).sum())  # equal sums may differ by rounding
    reached = 0
    block = max(1, 1_000_000 // nonzero.size)
    for start in range(0, n_swaps, block):
        swapped = rng.random((min(block, n_swaps - start), nonzero.size), dtype=np.float32) < 0.5
        # Swapping a row turns its d into -d: the sum falls by twice the swapped part.
        reached += int(np.sum(observed - 2 * (swapped @ nonzero) >= observed - tolerance))
    return (1 + reached) / (1 + n_swaps)


def swap_test(
    statistic: Callable[[BoolArray], float], n_rows: int, *, n_swaps: int = MIN_SWAPS, seed: int = 0
) -> float:
    """Return the one-sided p value of two models' difference in a corpus metric, by random swaps of their answers.

    Args:
        statistic: gets a mask of the rows whose answers are swapped, shape (n_rows,), and
            returns the difference (challenger minus champion) of the metric after the swap.
        n_rows: number of rows, 1 or more.
        n_swaps: number of random swaps, 1 or more, default 2,000.
        seed: seed of the swaps; equal seeds give equal results, default 0.

    Returns:
        p in (0, 1] against the null hypothesis 'the challenger is no better'.

    Raises:
        ValueError: n_rows or n_swaps below 1, or the statistic isn't finite.
    """
    return swap_tests(statistic, n_rows, n_swaps=n_swaps, seed=seed)[0]


def swap_tests(
    statistic: Callable[[BoolArray], float], n_rows: int, *, n_swaps: int = MIN_SWAPS, seed: int = 0
) -> tuple[float, float]:
    """Return both one-sided p values of two models' difference in a corpus metric, from the same random swaps.

    Args:
        statistic: gets a mask of the rows whose answers are swapped, shape (n_rows,), and
            returns the difference (challenger minus champion) of the metric after the swap.
        n_rows: number of rows, 1 or more.
        n_swaps: number of random swaps, 1 or more, default 2,000.
        seed: seed of the swaps; equal seeds give equal results, default 0.

    Returns:
        The p value against 'the challenger is no better', and that against 'the challenger is no worse'.

    Raises:
        ValueError: n_rows or n_swaps below 1, or the statistic isn't finite.
    """
    if n_rows < 1:
        raise ValueError(f"n_rows is {n_rows}: allowed is 1 or more")
    _check_swaps(n_swaps)
    rng = np.random.default_rng(seed)
    observed = float(statistic(np.zeros(n_rows, dtype=np.bool_)))
    reached = reached_below = 0
    for _ in range(n_swaps):
        value = float(statistic(rng.random(n_rows) < 0.5))
        if not np.isfinite(value):
            raise ValueError(f"statistic gave {value}: it must be finite whichever rows are swapped")
        reached += value >= observed - 1e-12
        reached_below += value <= observed + 1e-12
    return (1 + reached) / (1 + n_swaps), (1 + reached_below) / (1 + n_swaps)


def _check_swaps(n_swaps: int) -> None:
    if n_swaps < 1:
        raise ValueError(f"n_swaps is {n_swaps}: allowed is 1 or more")
