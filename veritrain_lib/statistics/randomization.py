"""Approximate randomization tests: paired tests that swap the two models' answers at random.

If the models are exchangeable on every row, swapping their answers does not change the
distribution. The test is exact under that null hypothesis whatever the metric, and
random swaps with the '+1' count keep it valid for any number of them. Sources:
E. W. Noreen (1989), Computer-Intensive Methods for Testing Hypotheses; S. Riezler and
J. Maxwell (2005), ACL workshop on evaluation measures; B. Phipson and G. Smyth (2010),
SAGMB 9:39, for the '+1'.

Limit: models that are equal on average but not exchangeable (one steady, one erratic)
satisfy the null hypothesis only in the limit of many rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from veritrain_lib.statistics.scores import BoolArray, check_fraction

MIN_SWAPS = 2000
"""Default and smallest number of random swaps."""


def swaps_for(alpha: float) -> int:
    """Return the swaps needed for p values near alpha: twenty expected beyond it, at least MIN_SWAPS."""
    return max(MIN_SWAPS, math.ceil(20 / check_fraction("alpha", alpha)))


def sign_flip_test(differences: ArrayLike, *, n_swaps: int = 10_000, seed: int = 0) -> float:
    """Return the one-sided p value against 'the mean difference is no more than chance'.

    Args:
        differences: shape (n,), challenger minus champion, finite.
        n_swaps: random swaps, 1 or more, default 10,000; the smallest p is 1 / (n_swaps + 1).
        seed: equal seeds give equal results, default 0.

    Returns:
        p in (0, 1]; 1 if no row differs.

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
    """Return the one-sided p value against 'no more than chance' for the difference of a corpus metric.

    Arguments and errors as in `swap_tests`.
    """
    return swap_tests(statistic, n_rows, n_swaps=n_swaps, seed=seed)[0]


def swap_tests(
    statistic: Callable[[BoolArray], float], n_rows: int, *, n_swaps: int = MIN_SWAPS, seed: int = 0
) -> tuple[float, float]:
    """Return one-sided p values against 'no more' and 'no less than chance', from the same swaps.

    Args:
        statistic: gets a mask of the rows whose answers are swapped, shape (n_rows,), and
            returns the difference (challenger minus champion) of the metric after the swap.
        n_rows: rows, 1 or more.
        n_swaps: random swaps, 1 or more, default MIN_SWAPS.
        seed: equal seeds give equal results, default 0.

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
