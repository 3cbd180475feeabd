"""The forecast of a learning curve follows the power law, and its interval covers what happens."""

from __future__ import annotations

import numpy as np
import pytest

from veritrain_lib.statistics.power_law import forecast_gain

ROWS = np.array([120, 270, 420, 570])


def test_an_exact_power_law_is_continued() -> None:
    errors = 2.0 * ROWS**-0.4
    found = forecast_gain(ROWS, errors, np.full(4, 0.01), 150)
    assert found is not None
    assert found.exponent == pytest.approx(0.4)
    assert found.gain == pytest.approx(2.0 * 570**-0.4 - 2.0 * 720**-0.4)
    assert found.interval.low < found.gain < found.interval.high
    assert (found.rows, found.more) == (570, 150)


def test_the_interval_covers_the_true_gain_in_nineteen_of_twenty_curves() -> None:
    rng = np.random.default_rng(0)
    truth = 2.0 * ROWS**-0.4
    gain = 2.0 * 570**-0.4 - 2.0 * 720**-0.4
    spread = np.full(4, 0.02)
    covered = 0
    for trial in range(100):
        found = forecast_gain(ROWS, rng.normal(truth, spread), spread, 150, seed=trial)
        assert found is not None
        covered += found.interval.low <= gain <= found.interval.high
    assert covered >= 88  # expected 95


def test_a_flat_curve_promises_nothing() -> None:
    found = forecast_gain(ROWS, np.full(4, 0.2), np.full(4, 0.02), 150)
    assert found is not None
    assert found.gain == pytest.approx(0.0, abs=1e-12)
    assert found.interval.low < 0 < found.interval.high


def test_two_points_are_too_few_and_a_perfect_score_is_no_error() -> None:
    assert forecast_gain([120, 270, 270], [0.3, 0.2, 0.21], [0.02] * 3, 150) is None
    found = forecast_gain([120, 270, 420], [0.1, 0.01, 0.0], [0.02] * 3, 150)
    assert found is not None
    assert 0 <= found.gain < 0.01


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        forecast_gain([1, 2, 3], [0.1, 0.2], [0.1, 0.1], 5)
    with pytest.raises(ValueError, match="errors from 0 to 1"):
        forecast_gain([1, 2, 3], [0.1, 0.2, 1.5], [0.1] * 3, 5)
