"""Adjustment of a confidence interval to its test, so that it excludes 0 exactly where the test is significant.

An exact test and a good interval come from different formulas. In some tables of counts (0.5 to 1.2 % of those near the
boundary) they contradict each other: the test is significant and the interval includes 0, or vice versa. In these
tables the end of the interval is taken from the test itself: the test-based limit of O. S. Miettinen (1976), American
Journal of Epidemiology 103:226-235, d (1 - z_alpha / z_p), where d is the observed difference, z_p the normal quantile
of its p value and z_alpha that of the level; the limit is 0 exactly where p equals alpha. All other intervals stay
unchanged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from veritrain_lib.statistics.scores import FloatArray, check_fraction


def make_consistent_with_test(
    low: ArrayLike,
    high: ArrayLike,
    difference: ArrayLike,
    p_greater: ArrayLike,
    p_less: ArrayLike,
    alpha: float,
) -> tuple[FloatArray, FloatArray]:
    """Adjust confidence intervals of a difference where they contradict the significance tests of the same difference.

    Args:
        low: low ends of intervals at level 1 - 2 * alpha, in -1..1; arrays of one shape, or numbers.
        high: high ends of the same intervals.
        difference: the observed differences, -1..1.
        p_greater: one-sided p values against the null hypothesis 'the difference is 0 or less'.
        p_less: one-sided p values against the null hypothesis 'the difference is 0 or more'.
        alpha: one-sided level of either test.

    Returns:
        The adjusted low ends and high ends: low > 0 exactly where p_greater <= alpha, high < 0 exactly where
        p_less <= alpha.
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
