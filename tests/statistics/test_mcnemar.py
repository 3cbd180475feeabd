"""The exact test against hand-worked and scipy values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from veritrain_lib.statistics import mcnemar
from veritrain_lib.statistics.mcnemar import exact_p


def rows(both: int, wins: int, losses: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    old = [1] * both + [0] * wins + [1] * losses + [0] * neither
    new = [1] * both + [1] * wins + [0] * losses + [0] * neither
    return np.array(old, dtype=bool), np.array(new, dtype=bool)


def test_published_example() -> None:
    # Bentur et al. (2009) as analysed by Fagerland et al. (2013), BMC Med Res Methodol 13:91:
    # 1 against 7 discordant pairs of 21, exact two-sided p = 0.0703
    found = mcnemar(*rows(1, 1, 7, 12))
    assert (found.n, found.n01, found.n10) == (21, 1, 7)
    assert found.p_two_sided == pytest.approx(0.0703125)  # 2 * (1 + 8) / 2**8
    assert found.p_less == pytest.approx(9 / 256)
    assert found.p_greater == pytest.approx(255 / 256)
    assert found.difference == pytest.approx(-6 / 21)
    assert found.interval.low == pytest.approx(-0.507, abs=5e-4)


@given(st.integers(0, 400), st.integers(0, 400))
def test_agrees_with_scipy(wins: int, losses: int) -> None:
    expected = binomtest(wins, wins + losses, 0.5, alternative="greater").pvalue if wins + losses else 1.0
    assert float(exact_p(wins, losses)) == pytest.approx(expected, rel=1e-9)


def test_no_discordant_pairs() -> None:
    found = mcnemar(*rows(5, 0, 0, 5))
    assert (found.p_greater, found.p_less, found.p_two_sided) == (1.0, 1.0, 1.0)
    assert found.difference == 0.0
    assert found.interval.low < 0 < found.interval.high


def test_no_rows() -> None:
    found = mcnemar([], [])
    assert (found.n, found.difference, found.p_greater) == (0, None, 1.0)
    assert (found.interval.low, found.interval.high) == (-1.0, 1.0)


def test_vectorised() -> None:
    assert exact_p([0, 5, 10], [0, 0, 10]).tolist() == pytest.approx([1.0, 1 / 32, 0.588098526])


def test_refuses_graded_scores() -> None:
    with pytest.raises(ValueError, match="right or wrong"):
        mcnemar([0.5, 1], [1, 1])
