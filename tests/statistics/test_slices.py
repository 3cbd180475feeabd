"""The slice guard says `worse` only where that is shown."""

import numpy as np
import pytest

from veritrain_lib.statistics import holm, judge_slices


def masks(*sizes: int) -> dict[str, np.ndarray]:
    number = np.repeat(np.arange(len(sizes)), sizes)
    return {f"s{k}": number == k for k in range(len(sizes))}


def test_three_verdicts() -> None:
    old = np.ones(300, dtype=bool)
    new = old.copy()
    new[:30] = False  # s0 loses 30 of 100
    new[200:202] = False  # s2, 5 rows, loses 2
    found = judge_slices(old, new, masks(100, 100, 5, 95))
    assert [s.verdict for s in found] == ["worse", "not worse", "can't tell", "not worse"]
    assert found[0].difference == pytest.approx(-0.3)
    assert found[0].p_holm == pytest.approx(4 * 0.5**30)
    assert found[2].p_worse == 0.25
    assert found[2].detectable_loss is None  # 2**-5 is above 0.05 / 4


def test_shown_but_small_losses_are_not_worse_than_the_margin() -> None:
    old = np.ones(1000, dtype=bool)
    new = old.copy()
    new[:50] = False
    (found,) = judge_slices(old, new, {"all": np.ones(1000, dtype=bool)}, margin=0.10)
    assert found.p_holm < 0.001
    assert found.verdict == "not worse"


def test_a_loss_of_exactly_the_margin_counts() -> None:
    old = np.ones(300, dtype=bool)
    new = old.copy()
    new[:30] = False
    (found,) = judge_slices(old, new, {"all": np.ones(300, dtype=bool)}, margin=0.10)
    assert found.verdict == "worse"


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]).tolist() == pytest.approx([1.0, 1.0])
    assert holm([]).size == 0


def test_holm_corrects_for_the_number_of_slices() -> None:
    old = np.ones(120, dtype=bool)
    new = old.copy()
    new[:6] = False  # 6 of 10 lost: p = 1/64
    assert judge_slices(old, new, masks(10, 110))[0].verdict == "worse"
    twelve = judge_slices(old, new, masks(*[10] * 12))
    assert twelve[0].verdict == "can't tell"
    assert twelve[0].p_holm == pytest.approx(12 / 64)


def test_single_row_and_empty_slices_cant_tell() -> None:
    old, new = np.array([1, 1, 1]), np.array([0, 1, 1])
    found = judge_slices(old, new, {"one": np.array([True, False, False]), "none": np.zeros(3, dtype=bool)})
    assert [s.verdict for s in found] == ["can't tell", "can't tell"]
    assert (found[1].n, found[1].champion, found[1].difference) == (0, None, None)
    assert (found[1].interval.low, found[1].interval.high) == (-1.0, 1.0)


def test_graded_scores() -> None:
    rng = np.random.default_rng(0)
    old = rng.uniform(0.5, 1, 400)
    new = old + rng.normal(0, 0.02, 400).clip(-0.1, 0)
    new[:100] -= 0.3
    new = new.clip(0, 1)
    found = judge_slices(old, new, masks(100, 299, 1))
    assert [s.verdict for s in found] == ["worse", "not worse", "can't tell"]
    assert found[0].detectable_loss is not None
    assert found[0].detectable_loss > 0.1
    assert found[2].detectable_loss is None


def test_false_alarms_stay_in_budget() -> None:
    rng = np.random.default_rng(1)
    twelve = masks(*[30] * 12)
    alarms = 0
    for _ in range(400):
        base = rng.random(360) < 0.7
        old, new = (np.where(rng.random(360) < 0.3, rng.random(360) < 0.7, base) for _ in range(2))
        alarms += any(s.verdict == "worse" for s in judge_slices(old, new, twelve))
    assert alarms / 400 <= 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slices": {"x": [0, 2]}}, "slice 'x' has a mask of type int64"),
        ({"slices": {"x": [True]}}, r"expected bool, shape \(2,\)"),
        ({"margin": 0}, "margin is 0"),
        ({"alpha": 0.7}, "alpha is 0.7"),
    ],
)
def test_errors(change: dict, message: str) -> None:  # type: ignore[type-arg]
    arguments = {"slices": {"x": [True, True]}, **change}
    with pytest.raises(ValueError, match=message):
        judge_slices([1, 0], [1, 1], **arguments)
