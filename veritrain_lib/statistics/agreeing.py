"""Reconciliation of a test and an interval, so that the interval excludes 0 exactly where the test is significant.

Exact tests and good intervals come from different formulas, so that in some tables (0.5 to 1.2 % of those near the
boundary) the test is significant and the interval includes 0, or vice versa. In these tables the end of the
interval is taken from the test itself: the test-based limit of O. S. Miettinen (1976), American Journal of
Epidemiology 103:226-235, d (1 - z_alpha / z_p), which is 0 exactly where p is alpha. Everywhere else the interval
stays what it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from veritrain_lib.statistics.scores import FloatArray, check_fraction


def agree_with_test(
    low: ArrayLike,
    high: ArrayLike,
    difference: ArrayLike,
    p_greater: ArrayLike,
    p_less: ArrayLike,
    alpha: float,
) -> tuple[FloatArray, FloatArray]:
    """Move the ends of intervals that contradict their tests.

    Args:
        low: low ends of intervals at level 1 - 2 * alpha, in -1..1; arrays of one shape, or numbers.
        high: their high ends.
        difference: the observed differences.
        p_greater: one-sided p values against 'no more than 0'.
        p_less: one-sided p values against 'no less than 0'.
        alpha: one-sided level of either test.

    Returns:
        Low and high ends: low > 0 exactly where p_greater <= alpha, high < 0 exactly where p_less <= alpha.
    """
    check_fraction("alpha", alpha)
    d = np.asarray(difference, dtype=np.float64)
    lower = _lower(np.asarray(low, dtype=np.float64), d, np.asarray(p_greater, dtype=np.float64), alpha)
    negated_upper = _lower(
        -np.asarray(high, dtype=np.float64), -d, np.asarray(p_less, dtype=np.float64), alpha
    )
    return lower, -negated_upper


def _lower(low: FloatArray, d: FloatArray, p: FloatArray, alpha: float) -> FloatArray:
    from scipy.special import ndtri

    significant = p <= alpha
    z = -ndtri(np.clip(p, 1e-300, 1 - 1e-16))
    # Only used where p is near alpha, so z is above 0 there; elsewhere the value does not matter.
    test_based = d * (1 - -ndtri(alpha) / np.where(z > 0, z, np.inf))
    # At p = alpha the limit is 0 itself, and rounding may miss it: the smallest positive number is enough.
    positive = np.maximum(test_based, np.nextafter(0.0, 1.0))
    non_positive = np.clip(test_based, -1.0, 0.0)
    return np.where(significant, np.where(low > 0, low, positive), np.where(low > 0, non_positive, low))
