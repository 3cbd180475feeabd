"""Published intervals, and what must hold for any counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.numbers import rate_coverage
from veritrain_lib.statistics import Interval, Rate, agresti_coull, wilson
from veritrain_lib.statistics.intervals import mean_difference_bounds, paired_difference_bounds


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe (1998), Statistics in Medicine 17:857-872, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_published(successes: int, n: int, low: float, high: float) -> None:
    found = wilson(successes, n)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_wilson_holds_the_share_and_mirrors(a: int, b: int, level: float) -> None:
    found, mirror = wilson(a, a + b, level), wilson(b, a + b, level)
    assert 0 <= found.low <= found.high <= 1
    assert found.low == pytest.approx(1 - mirror.high, abs=1e-12)
    if a + b:
        assert a / (a + b) in found


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # By hand at z = 1.959964: 50 rows and 3.8415 more, 1.9207 of them successes; and so on.
    [(50, 50, 0.9148, 1.0), (45, 50, 0.7821, 0.9609), (10, 20, 0.2993, 0.7007), (0, 0, 0.0, 1.0)],
)
def test_the_interval_that_is_shown_by_hand(successes: int, n: int, low: float, high: float) -> None:
    found = agresti_coull(successes, n)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert Rate(successes, n).interval == found


@pytest.mark.parametrize("n", [20, 50, 200])
def test_the_interval_that_is_shown_covers_near_1_too(n: int) -> None:
    least, mean, near_one = rate_coverage(n)
    assert least >= 0.928
    assert mean <= 0.97
    assert near_one >= 0.95


def test_rate_without_rows_knows_nothing() -> None:
    rate = Rate(0, 0)
    assert rate.value is None
    assert rate.interval == Interval(0.0, 1.0, 0.95)
    assert Rate(3, 4).value == 0.75


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [
        ((36, 12, 2, 0), 0.0569, 0.3404),  # Newcombe (1998), 17:2635-2650, table II, method 10
        ((14, 5, 0, 22), 0.0115, 0.2265),  # Altman et al. (2000), Statistics with Confidence, table 6.2
        ((1, 1, 7, 12), -0.5069, -0.0256),  # Fagerland et al. (2014), Statistics in Medicine 33:2850-2875
    ],
)
def test_paired_difference_published(cells: tuple[int, int, int, int], low: float, high: float) -> None:
    found_low, found_high = paired_difference_bounds(*cells, 0.95)
    assert (round(float(found_low), 4), round(float(found_high), 4)) == (low, high)


@given(*[st.integers(0, 60)] * 4)
def test_paired_difference_holds_the_estimate_and_mirrors(a: int, b: int, c: int, d: int) -> None:
    low, high = paired_difference_bounds(a, b, c, d, 0.9)
    other_low, other_high = paired_difference_bounds(a, c, b, d, 0.9)
    n = a + b + c + d
    assert -1 <= low <= (b - c) / max(n, 1) <= high <= 1
    assert low == pytest.approx(-other_high, abs=1e-12)
    assert high == pytest.approx(-other_low, abs=1e-12)


def test_paired_difference_covers() -> None:
    rng = np.random.default_rng(3)
    both, wins, losses, neither = rng.multinomial(80, [0.7, 0.1, 0.05, 0.15], 4000).T
    low, high = paired_difference_bounds(both, wins, losses, neither, 0.95)
    assert 0.94 <= np.mean((low <= 0.05) & (high >= 0.05)) <= 0.97


def test_paired_difference_without_rows() -> None:
    assert paired_difference_bounds(0, 0, 0, 0, 0.95) == (-1.0, 1.0)


def test_mean_difference_is_wide_for_few_or_equal_rows() -> None:
    assert mean_difference_bounds(np.array([]), 0.9) == (-1.0, 1.0)
    low, high = mean_difference_bounds(np.array([0.0]), 0.9)
    assert low < -0.3
    assert high > 0.3
    low, high = mean_difference_bounds(np.zeros(5), 0.9)
    # by hand: 7 rows, variance 1/6, t(6) at 0.95 is 1.9432
    assert high == pytest.approx(1.9432 * (1 / 6 / 7) ** 0.5, abs=1e-4)
    assert low == -high


def test_mean_difference_covers() -> None:
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(2000):
        low, high = mean_difference_bounds(rng.beta(2, 1, 60) - rng.beta(2, 2, 60), 0.95)
        hits += low <= 2 / 3 - 1 / 2 <= high
    assert 0.93 <= hits / 2000 <= 0.98


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: wilson(5, 4), "successes is 5: allowed is 0 to n = 4"),
        (lambda: wilson(0, -1), "n is -1"),
        (lambda: wilson(1, 2, 95), "level is 95"),
        (lambda: Rate(1, 2, 0.0), "level is 0.0"),
        (lambda: Interval(0.3, 0.2, 0.95), "low must not exceed high"),
        (lambda: Interval(float("nan"), 0.2, 0.95), "interval runs from nan"),
    ],
)
def test_errors_name_the_value(make, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        make()
