"""Kappa against scikit-learn, its standard error against the delta method by hand, its interval by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from veritrain_lib.statistics.agreement import cohen_kappa, standard_error

SKLEARN = {"none": None, "linear": "linear", "quadratic": "quadratic"}


def ratings(n: int, categories: int, same: float, seed: int) -> tuple[list[int], list[int]]:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, categories, n)
    second = np.where(rng.random(n) < same, first, rng.integers(0, categories, n))
    return first.tolist(), second.tolist()


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
@pytest.mark.parametrize("categories", [2, 3, 5])
def test_the_value_is_that_of_scikit_learn(weights, categories):
    first, second = ratings(80, categories, 0.6, categories)
    expected = cohen_kappa_score(first, second, weights=SKLEARN[weights], labels=list(range(categories)))
    assert cohen_kappa(first, second, range(categories), weights=weights).value == pytest.approx(expected)


def by_delta_method(table, credit):
    """The standard error from numeric derivatives of kappa and the multinomial covariance of the shares."""
    n = table.sum()
    shares = table / n

    def kappa(p):
        p = p.reshape(table.shape)
        observed, expected = (credit * p).sum(), (credit * np.outer(p.sum(1), p.sum(0))).sum()
        return (observed - expected) / (1 - expected)

    flat, step = shares.ravel(), 1e-6
    slopes = np.array(
        [(kappa(flat + step * e) - kappa(flat - step * e)) / (2 * step) for e in np.eye(flat.size)]
    )
    covariance = (np.diag(flat) - np.outer(flat, flat)) / n
    return np.sqrt(slopes @ covariance @ slopes)


@pytest.mark.parametrize("power", [None, 1, 2])
def test_the_standard_error_is_that_of_the_delta_method(power):
    table = np.array([[22.0, 4, 1], [3, 17, 6], [2, 5, 25]])
    distance = np.abs(np.subtract.outer(np.arange(3), np.arange(3))) / 2
    credit = np.eye(3) if power is None else 1 - distance**power
    assert standard_error(table, credit) == pytest.approx(by_delta_method(table, credit), rel=1e-5)


@pytest.mark.parametrize("same", [0.0, 0.6, 0.9])
@pytest.mark.parametrize("n", [40, 100])
def test_the_low_end_is_rarely_above_the_truth(same, n):
    missed = 0
    for seed in range(400):
        first, second = ratings(n, 2, same, seed)
        missed += cohen_kappa(first, second, [0, 1]).interval.low > same
    # 2.5 in 100 at a 95 % interval; 4 standard deviations of 400 draws above that.
    assert missed / 400 <= 0.025 + 4 * np.sqrt(0.025 * 0.975 / 400)


def test_more_rows_narrow_the_interval():
    few, many = (cohen_kappa(*ratings(n, 3, 0.7, 1), range(3)).interval for n in (30, 3000))
    assert many.high - many.low < (few.high - few.low) / 5


def test_full_agreement_on_a_few_rows_is_not_certain():
    found = cohen_kappa([0, 1] * 5, [0, 1] * 5, [0, 1])
    assert found.value == 1.0
    assert found.interval.high == 1.0
    assert found.interval.low < 0.6


@pytest.mark.parametrize("rows", [[], [1], [1, 1, 1]])
def test_nothing_is_known_from_no_rows_or_one_category(rows):
    found = cohen_kappa(rows, rows, [0, 1])
    assert found.value is None
    assert (found.interval.low, found.interval.high, found.n) == (-1.0, 1.0, len(rows))


def test_always_the_same_verdict_agrees_by_chance_only():
    found = cohen_kappa([0, 1] * 20, [1] * 40, [0, 1])
    assert found.value == 0.0
    assert found.observed == found.expected == 0.5


def test_weights_forgive_near_misses():
    first, second = [1, 2, 3, 4, 5] * 4, [2, 3, 4, 5, 5] * 4
    plain, linear, quadratic = (
        cohen_kappa(first, second, range(1, 6), weights=weights).value
        for weights in ("none", "linear", "quadratic")
    )
    assert plain < linear < quadratic


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="same rows"):
        cohen_kappa([1], [1, 2], [1, 2])
    with pytest.raises(ValueError, match="unlisted categories: 3"):
        cohen_kappa([3], [1], [1, 2])
    with pytest.raises(ValueError, match="at least 2"):
        cohen_kappa([1], [1], [1])
    with pytest.raises(ValueError, match="weights"):
        cohen_kappa([1], [1], [1, 2], weights="cubic")
