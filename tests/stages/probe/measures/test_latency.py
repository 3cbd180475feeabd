"""Quantiles of times with their distribution-free intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from veritrain_lib.core.records import Response
from veritrain_lib.stages.probe.measures.latency import as_reported, quantile


def test_the_interval_of_the_median_of_a_hundred_is_the_tables() -> None:
    # Order statistics 40 and 61, as printed tables for n = 100 give them.
    measure = quantile([float(one) for one in range(100, 0, -1)], 0.5)
    assert (measure.value, measure.low, measure.high, measure.n) == (50.0, 40.0, 61.0, 100)


@pytest.mark.parametrize("n", [10, 71, 72, 240])
@pytest.mark.parametrize("share", [0.5, 0.95])
def test_each_end_errs_in_one_of_forty_at_most_and_no_tighter_one_does(n: int, share: float) -> None:
    measure = quantile([float(one) for one in range(1, n + 1)], share)
    lower = int(measure.low or 0)
    upper = n + 1 if measure.high is None else int(measure.high)
    assert binom.cdf(lower - 1, n, share) <= 0.025 < binom.cdf(lower, n, share)
    assert binom.sf(upper - 1, n, share) <= 0.025 < binom.sf(upper - 2, n, share)


def test_it_covers_the_true_quantile_of_skewed_times() -> None:
    chance = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        measure = quantile(chance.lognormal(0, 1, 100).tolist(), 0.95)
        assert measure.low is not None
        covered += measure.low <= math.exp(1.6449) <= (measure.high or math.inf)
    assert covered / 400 >= 0.93


def test_rows_that_failed_took_for_ever() -> None:
    good = Response((), raw="", seconds=1.0)
    failed = Response((), raw="", seconds=0.1, error="timed out")
    assert as_reported([good, failed, Response((), raw="")]) == [1.0, math.inf, math.inf]
    assert quantile([1.0] * 6 + [math.inf] * 4, 0.5).value == 1.0
    assert quantile([1.0] * 4 + [math.inf] * 6, 0.5).value is None
    assert quantile([], 0.5).n == 0
