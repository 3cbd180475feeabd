"""The development screen and the stated detectable difference."""

import numpy as np
import pytest

from veritrain_lib.statistics import (
    critical_difference,
    decision_power,
    detectable_gain,
    paired_power,
    screen,
)
from veritrain_lib.statistics.mcnemar import exact_p


def dev(n: int, wins: int, losses: int) -> tuple[np.ndarray, np.ndarray]:
    old, new = np.ones(n, dtype=bool), np.ones(n, dtype=bool)
    old[:wins] = False
    new[wins : wins + losses] = False
    return old, new


def test_critical_difference_is_the_smallest_significant() -> None:
    # 720 rows, 10 %: 72 discordant; 44 wins to 28 is the first with p <= 0.05
    assert exact_p(44, 28) <= 0.05 < exact_p(43, 29)
    assert critical_difference(720, 0.10, 0.05) == pytest.approx(16 / 720)


def test_critical_difference_with_few_discordant_rows() -> None:
    assert critical_difference(720, 0.0, 0.05) == pytest.approx(5 / 720)  # five wins, no loss
    assert critical_difference(4, 1.0, 0.05) is None
    assert critical_difference(0, 0.1, 0.05) is None


def test_opens_at_the_threshold_only() -> None:
    # 24 of 240 differ, so 72 of 720: needed are 16 / 720 * 240 = 5.33 more wins than losses
    assert not screen(*dev(240, 14, 10), n_test=720, look_alpha=0.05).opens
    found = screen(*dev(240, 15, 9), n_test=720, look_alpha=0.05)
    assert found.opens
    assert found.threshold == pytest.approx(16 / 720)
    assert found.detectable == detectable_gain(240, 720, 0.1, 0.05)
    assert "may be evaluated" in found.explanation


def test_equal_or_missing_rows_stay_shut() -> None:
    assert not screen([1, 1, 0], [1, 1, 0], n_test=720, look_alpha=0.05).opens
    empty = screen([], [], n_test=720, look_alpha=0.05)
    assert not empty.opens
    assert empty.difference is None
    tiny = screen([0, 0], [1, 1], n_test=3, look_alpha=0.05)
    assert not tiny.opens
    assert tiny.threshold is None
    assert tiny.detectable is None


def test_decision_power_by_simulation() -> None:
    rng = np.random.default_rng(0)
    gain, q, level = 0.05, 0.1, 0.05
    cells = [q / 2 + gain, q / 2, 1 - q - gain]
    opened = 0
    for wins, losses, _ in rng.multinomial(240, cells, 2000):
        opened += screen(*dev(240, wins, losses), n_test=720, look_alpha=level).opens
    tests = rng.multinomial(720, cells, 2000)
    significant = np.mean(exact_p(tests[:, 0], tests[:, 1]) <= level)
    expected = decision_power(gain, 240, 720, q, level)
    assert opened / 2000 * significant == pytest.approx(expected, abs=0.03)


def test_stated_difference_and_no_screen() -> None:
    gain = detectable_gain(240, 720, 0.1, 0.05)
    assert gain is not None
    assert decision_power(gain, 240, 720, 0.1, 0.05) == pytest.approx(0.8, abs=0.005)
    assert decision_power(0.04, 0, 720, 0.1, 0.05) == paired_power(0.04, 720, 0.1, 0.05)
    without = detectable_gain(0, 720, 0.1, 0.05)
    assert without is not None
    assert without < gain


def test_graded_scores() -> None:
    rng = np.random.default_rng(1)
    old = rng.uniform(0.2, 0.7, 200)
    new = old + rng.uniform(-0.1, 0.1, 200)
    assert not screen(new, old, n_test=600, look_alpha=0.05).opens or new.mean() < old.mean()
    found = screen(old, (new + 0.03).clip(0, 1), n_test=600, look_alpha=0.05)
    assert found.opens
    assert found.detectable is not None
    assert found.threshold is not None
    assert found.threshold < found.detectable < 0.03


@pytest.mark.parametrize(
    ("change", "message"), [({"n_test": -1}, "n_test is -1"), ({"look_alpha": 0}, "look_alpha is 0")]
)
def test_errors(change: dict, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=message):
        screen([1], [1], **{"n_test": 10, "look_alpha": 0.05, **change})
