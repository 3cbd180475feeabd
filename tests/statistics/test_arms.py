"""Differences of arms: they count seeds and rows, agree with a calculation by hand, and rarely cry wolf."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from veritrain_lib.statistics.arms import arm_differences, arm_means
from veritrain_lib.statistics.scores import FloatArray

Tables = dict[str, dict[int, FloatArray]]


def graded(chance: np.random.Generator, arms: dict[str, float], seeds: int, rows: int, sway: float) -> Tables:
    """Rows of equal difficulty for every arm, a deviation of each model, and 0 or 1 for each row."""
    difficulty = chance.normal(0, 0.2, rows)
    return {
        name: {
            seed: (chance.random(rows) < mean + difficulty + chance.normal(0, sway)).astype(float)
            for seed in range(seeds)
        }
        for name, mean in arms.items()
    }


def test_a_pair_is_the_t_test_of_its_summed_variances() -> None:
    chance = np.random.default_rng(3)
    table = graded(chance, {"a": 0.5, "b": 0.6}, 4, 50, 0.02)
    differences = np.array([table["b"][seed] - table["a"][seed] for seed in range(4)])
    over_seeds = stats.sem([row.mean() for row in differences]) ** 2
    over_rows = stats.sem(differences.mean(axis=0)) ** 2
    freedom = (over_seeds + over_rows) ** 2 / (over_seeds**2 / 3 + over_rows**2 / 49)
    expected = stats.t(freedom, differences.mean(), (over_seeds + over_rows) ** 0.5)
    [pair] = arm_differences(table)
    assert pair.difference == pytest.approx(differences.mean())
    assert (pair.low, pair.high) == pytest.approx(expected.interval(0.95))
    assert pair.p == pytest.approx(2 * min(expected.cdf(0), expected.sf(0)))
    assert pair.p_holm == pair.p


def test_one_seed_tests_nothing_and_its_interval_is_that_of_its_rows() -> None:
    rows = np.array([0.0, 1.0, 1.0, 1.0, 0.0, 1.0])
    [pair] = arm_differences({"a": {0: rows}, "b": {0: 1 - rows}})
    assert (pair.p, pair.differs, pair.seeds) == (None, None, 1)
    assert pair.difference == pytest.approx(-1 / 3)
    low, high = stats.t.interval(0.95, 5, rows.mean(), stats.sem(rows))
    [mean] = arm_means({"a": {0: rows}})
    assert (mean.low, mean.high) == pytest.approx((max(0, low), min(1, high)))


def test_arms_that_answer_alike_do_not_differ_and_seeds_are_matched_by_number() -> None:
    rows = np.array([0.0, 1.0, 1.0])
    [pair] = arm_differences({"a": {1: rows, 2: 1 - rows}, "b": {2: 1 - rows, 1: rows, 5: rows}})
    assert (pair.difference, pair.p, pair.differs, pair.seeds) == (0.0, 1.0, False, 2)
    [apart] = arm_differences({"a": {1: rows}, "b": {2: rows}})
    assert (apart.seeds, apart.difference) == (0, None)


def test_rows_of_unequal_number_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"sets of \[2, 3\] rows"):
        arm_means({"a": {0: np.ones(2)}, "b": {0: np.ones(3)}})


@pytest.mark.parametrize("sway", [0.0, 0.03])
def test_of_three_equal_arms_any_is_called_different_in_at_most_5_of_100_sweeps(sway: float) -> None:
    chance = np.random.default_rng(11)
    wrong = sum(
        any(pair.differs for pair in arm_differences(graded(chance, dict.fromkeys("abc", 0.6), 4, 120, sway)))
        for _ in range(400)
    )
    assert wrong <= stats.binom.ppf(0.999, 400, 0.05)


def test_an_arm_that_is_much_better_is_told_apart() -> None:
    chance = np.random.default_rng(5)
    arms = {"a": 0.5, "b": 0.5, "c": 0.75}
    found = arm_differences(graded(chance, arms, 4, 300, 0.01))
    assert {(pair.first, pair.second): pair.differs for pair in found} == {
        ("a", "b"): False, ("a", "c"): True, ("b", "c"): True,
    }  # fmt: skip
