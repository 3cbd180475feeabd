"""The error budget is never overdrawn."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veritrain_lib.statistics import LookPlan, LooksSpentError
from veritrain_lib.statistics.looks import Spending


@given(st.integers(1, 60), st.floats(1e-6, 0.5), st.sampled_from(["even", "halving", "harmonic"]))
def test_levels_sum_to_alpha_at_most(looks: int, alpha: float, spending: Spending) -> None:
    plan = LookPlan(looks, alpha, spending)
    levels = [plan.alpha_at(k) for k in range(1, looks + 1)]
    assert math.fsum(levels) <= alpha
    assert math.fsum(levels) == pytest.approx(alpha, rel=1e-12)
    assert all(level > 0 for level in levels)
    assert levels == sorted(levels, reverse=True)


def test_schedules_by_hand() -> None:
    assert LookPlan(4, 0.04).schedule() == pytest.approx([0.01] * 4)
    assert LookPlan(4, 0.04, "halving").schedule() == pytest.approx([0.02, 0.01, 0.005, 0.005])
    assert LookPlan(3, 0.11, "harmonic").schedule() == pytest.approx([0.06, 0.03, 0.02])
    assert LookPlan(1, 0.05, "halving").alpha_at(1) == 0.05


def test_no_look_beyond_the_plan() -> None:
    with pytest.raises(LooksSpentError, match="look 4 was requested, but the plan allows 3"):
        LookPlan(3).alpha_at(4)
    with pytest.raises(ValueError, match="counted from 1"):
        LookPlan(3).alpha_at(0)


def test_guarantee_counts_histories() -> None:
    plan = LookPlan(3, 0.03)
    assert plan.guaranteed_error() == pytest.approx(0.03)
    # looks 1, 2, 3 have 1, 2, 3 histories with at most one promotion
    assert plan.guaranteed_error(1) == pytest.approx(0.01 * 6)
    assert plan.guaranteed_error(9) == pytest.approx(0.01 * 7)  # all 1 + 2 + 4
    with pytest.raises(ValueError, match="true_promotions is -1"):
        plan.guaranteed_error(-1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_looks": 0}, "max_looks is 0"),
        ({"alpha": 5}, "alpha is 5"),
        ({"spending": "greedy"}, "allowed is one of even, halving, harmonic"),
    ],
)
def test_errors(change: dict, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=message):
        LookPlan(**change)
