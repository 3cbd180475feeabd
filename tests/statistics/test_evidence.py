"""Two models on the same rows, two-sided."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, permutation_test

from veritrain_lib.statistics.evidence import compare_paired


def test_right_or_wrong_rows_are_judged_by_the_exact_mcnemar_test() -> None:
    first = np.array([1] * 20 + [0] * 12 + [1] * 3 + [0] * 5)
    second = np.array([1] * 20 + [1] * 12 + [0] * 3 + [0] * 5)
    found = compare_paired(first, second)
    assert (found.wins, found.losses, found.n) == (12, 3, 40)
    assert found.difference == pytest.approx(9 / 40)
    assert found.p == pytest.approx(binomtest(12, 15, 0.5).pvalue)
    assert found.low < found.difference < found.high


def test_graded_rows_are_judged_by_sign_flips_to_both_sides() -> None:
    rng = np.random.default_rng(0)
    first = rng.random(60) * 0.8
    second = np.clip(first + rng.normal(0.03, 0.1, 60), 0, 1)
    theirs = permutation_test(
        (second - first,),
        np.mean,
        permutation_type="samples",
        n_resamples=20_000,
        rng=np.random.default_rng(1),
    )
    found = compare_paired(first, second)
    assert found.p == pytest.approx(theirs.pvalue, abs=0.01)
    turned = compare_paired(second, first)
    assert turned.difference == pytest.approx(-found.difference)
    assert turned.p == pytest.approx(found.p, abs=0.01)
    assert (turned.wins, turned.losses) == (found.losses, found.wins)


def test_without_rows_there_is_nothing_to_compare() -> None:
    with pytest.raises(ValueError, match="no rows"):
        compare_paired([], [])
