"""Power against brute force, and what must hold for any plan."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, multinomial

from veritrain_lib.statistics import detectable_difference, detectable_loss, paired_power
from veritrain_lib.statistics.power import critical_wins, detectable_from_error, discordant_counts


def test_power_by_brute_force() -> None:
    n, q, gain, alpha = 30, 0.2, 0.15, 0.05
    wins, losses = q / 2 + gain, q / 2
    total = 0.0
    for w in range(n + 1):
        for lost in range(n + 1 - w):
            if binom.sf(w - 1, w + lost, 0.5) <= alpha:
                total += multinomial.pmf([w, lost, n - w - lost], n, [wins, losses, 1 - wins - losses])
    assert paired_power(gain, n, q, alpha) == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("alpha", [0.05, 0.005, 0.03125, 0.2, 1e-5])
def test_critical_wins_are_the_smallest(alpha: float) -> None:
    m = np.arange(401)
    k = critical_wins(400, alpha)
    assert np.all(binom.sf(k - 1, m, 0.5) <= alpha * (1 + 1e-9))
    assert np.all(binom.sf(k - 2, m, 0.5) > alpha * (1 - 1e-9))


def test_five_wins_of_five_at_five_percent() -> None:
    # 2**-5 = 0.031 is significant, 2**-4 = 0.0625 is not; of six, all must be won
    assert critical_wins(8, 0.05).tolist() == [1, 2, 3, 4, 5, 5, 6, 7, 7]


def test_counts_are_a_distribution() -> None:
    for share in (0.0, 0.3, 1.0):
        assert discordant_counts(50, share).sum() == pytest.approx(1.0)


def test_large_sample_is_near_the_textbook_formula() -> None:
    # n = 20,000: exact and normal approximation agree to a few per cent
    n, q, alpha = 20_000, 0.1, 0.05
    exact = detectable_difference(n, q, alpha)
    assert exact == pytest.approx(detectable_from_error((q / n) ** 0.5, alpha), rel=0.06)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 300), st.floats(0.01, 0.5), st.sampled_from([0.05, 0.005]))
def test_detectable_difference_is_detected(n: int, q: float, alpha: float) -> None:
    gain = detectable_difference(n, q, alpha)
    if gain is None:
        assert paired_power(1.0, n, q, alpha) < 0.8
    else:
        assert paired_power(gain, n, q, alpha) >= 0.8
        assert paired_power(max(gain - 2e-4, 0), n, q, alpha) < 0.8


def test_size_never_exceeds_alpha() -> None:
    for n in (1, 10, 100, 720):
        for q in (0.0, 0.05, 0.3):
            assert paired_power(0.0, n, q, 0.05) <= 0.05 + 1e-12


def test_tiny_sets_can_show_nothing() -> None:
    assert detectable_difference(0, 0.1, 0.05) is None
    assert detectable_loss(4, 0.1, 0.05) is None
    assert detectable_loss(5, 0.0, 0.05) is not None


def test_a_margin_makes_a_loss_harder_to_show() -> None:
    plain = detectable_loss(500, 0.1, 0.05)
    with_margin = detectable_loss(500, 0.1, 0.05, 0.8, 0.1)
    assert plain is not None
    assert with_margin is not None
    assert plain < 0.1 < with_margin


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2.0, 10, 0.1, 0.05), "gain is 2.0"),
        ((0.1, -1, 0.1, 0.05), "n is -1"),
        ((0.1, 10, 1.5, 0.05), "discordance is 1.5"),
        ((0.1, 10, 0.1, 0.0), "alpha is 0.0"),
    ],
)
def test_errors(arguments: tuple, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=message):
        paired_power(*arguments)
