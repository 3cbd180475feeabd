"""Swaps against full enumeration and the exact sign test."""

import itertools

import numpy as np
import pytest

from veritrain_lib.statistics import sign_flip_test, swap_test
from veritrain_lib.statistics.mcnemar import exact_p
from veritrain_lib.statistics.randomization import swaps_for


def test_agrees_with_full_enumeration() -> None:
    d = np.array([0.4, -0.1, 0.3, 0.25, 0.05, -0.2, 0.5, 0.0, 0.15])
    sums = [np.dot(signs, d) for signs in itertools.product((-1, 1), repeat=d.size)]
    exact = np.mean(np.array(sums) >= d.sum() - 1e-12)
    assert sign_flip_test(d, n_swaps=100_000) == pytest.approx(exact, abs=0.004)


def test_is_the_sign_test_for_wins_and_losses() -> None:
    d = np.repeat([1.0, -1.0, 0.0], [20, 9, 100])
    expected = float(exact_p(20, 9))
    assert sign_flip_test(d, n_swaps=50_000) == pytest.approx(expected, abs=0.004)
    assert swap_test(lambda swap: float(np.where(swap, -d, d).mean()), d.size, n_swaps=4000) == pytest.approx(
        expected, abs=0.01
    )


def test_no_difference_shows_nothing() -> None:
    assert sign_flip_test(np.zeros(10)) == 1.0
    assert sign_flip_test([]) == 1.0
    assert sign_flip_test([0.3]) == pytest.approx(0.5, abs=0.02)


def test_deterministic_and_never_zero() -> None:
    d = np.ones(40)
    assert sign_flip_test(d, n_swaps=999, seed=3) == sign_flip_test(d, n_swaps=999, seed=3) == 1 / 1000


def test_holds_its_level() -> None:
    rng = np.random.default_rng(6)
    p = [sign_flip_test(rng.beta(2, 1, 50) - rng.beta(2, 1, 50), n_swaps=500, seed=i) for i in range(800)]
    assert 0.03 <= np.mean(np.array(p) <= 0.05) <= 0.07


def test_swaps_grow_with_strictness() -> None:
    assert swaps_for(0.05) == 2000
    assert swaps_for(0.0005) == 40_000


@pytest.mark.parametrize("bad", [[[1.0]], [np.inf]])
def test_errors(bad: list) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match="expected finite numbers"):
        sign_flip_test(bad)
    with pytest.raises(ValueError, match="n_swaps is 0"):
        sign_flip_test([1.0], n_swaps=0)
    with pytest.raises(ValueError, match="n_rows is 0"):
        swap_test(lambda swap: 0.0, 0)
