"""Bootstrap: known intervals, equal seeds, coverage."""

from dataclasses import astuple

import numpy as np
import pytest

from veritrain_lib.statistics import bootstrap_interval, paired_bootstrap
from veritrain_lib.statistics.bootstrap import mean_bootstrap


def test_mean_matches_the_normal_interval() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = bootstrap_interval(values, n_resamples=4000)
    half = 1.96 * values.std() / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.02)
    assert found.high == pytest.approx(values.mean() + half, abs=0.02)


def test_equal_seeds_give_equal_results() -> None:
    values = np.arange(30.0)
    assert bootstrap_interval(values, seed=7) == bootstrap_interval(values, seed=7)
    assert bootstrap_interval(values, seed=7) != bootstrap_interval(values, seed=8)


def test_any_statistic_and_bca_shift_for_skew() -> None:
    values = np.random.default_rng(1).exponential(1, 40)
    plain = bootstrap_interval(values, lambda x: float(np.mean(x)))
    corrected = bootstrap_interval(values, method="bca")
    # The mean of a sample skewed to the right is uncertain upwards: BCa moves both ends up.
    assert corrected.low > plain.low
    assert corrected.high > plain.high


def test_constant_sample_and_single_row() -> None:
    assert bootstrap_interval(np.full(9, 2.0), method="bca").high == 2.0
    found = bootstrap_interval([3.0])
    assert (found.low, found.high) == (3.0, 3.0)


def test_paired_difference_of_a_ratio_metric() -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, 300)
    old = np.where(rng.random(300) < 0.3, 1 - truth, truth)
    new = np.where(rng.random(300) < 0.1, 1 - truth, truth)

    def f1(answers: np.ndarray, rows: np.ndarray) -> float:
        t, a = truth[rows], answers[rows]
        return float(2 * np.sum(t & a) / (np.sum(t) + np.sum(a)))

    found = paired_bootstrap(lambda rows: f1(new, rows) - f1(old, rows), 300, n_resamples=500)
    everything = np.arange(300)
    assert found.difference == pytest.approx(f1(new, everything) - f1(old, everything))
    assert found.difference in found.interval
    assert found.p_greater == pytest.approx(1 / 501)


def test_p_value_of_no_difference() -> None:
    found = paired_bootstrap(lambda rows: 0.0, 20, n_resamples=50)
    assert found.p_greater == 1.0
    assert found.standard_error == 0.0


def test_the_mean_drawn_at_once_is_that_drawn_one_by_one() -> None:
    values = np.random.default_rng(1).normal(0.1, 1, 37)
    one_by_one = paired_bootstrap(lambda rows: float(values[rows].mean()), 37, n_resamples=300, seed=5)
    at_once = mean_bootstrap(values, n_resamples=300, seed=5)
    assert astuple(at_once.interval) == pytest.approx(astuple(one_by_one.interval), rel=1e-12)
    for name in ("difference", "standard_error", "p_greater", "n_resamples"):
        assert getattr(at_once, name) == pytest.approx(getattr(one_by_one, name), rel=1e-12)


def test_covers() -> None:
    rng = np.random.default_rng(5)
    hits = sum(
        0.5 in bootstrap_interval(rng.random(60), seed=i, n_resamples=400, level=0.9) for i in range(400)
    )
    assert 0.84 <= hits / 400 <= 0.95


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_resamples": 0}, "n_resamples is 0"),
        ({"level": 1.0}, "level is 1.0"),
        ({"method": "normal"}, "allowed is one of percentile, bca"),
    ],
)
def test_errors(change: dict, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=message):
        bootstrap_interval([1.0, 2.0], **change)
    with pytest.raises(ValueError, match="n_rows is 0"):
        bootstrap_interval([])
    with pytest.raises(ValueError, match="must be finite"):
        paired_bootstrap(lambda rows: float("nan"), 3)
