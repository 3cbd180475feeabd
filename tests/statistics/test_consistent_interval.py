"""Test and interval agree: 0 is excluded exactly where the test is significant, in every table that there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from benchmarks.numbers import disagreements
from veritrain_lib.statistics import decide, mcnemar
from veritrain_lib.statistics.consistent_interval import make_consistent_with_test
from veritrain_lib.statistics.evidence import CorpusMetric, compare_paired


@pytest.mark.parametrize("alpha", [0.05, 0.025, 0.01, 0.005])
def test_of_all_tables_of_right_and_wrong_rows(alpha: float) -> None:
    tables, wrong, moved = disagreements(alpha, range(0, 40), 60)
    assert wrong == 0
    assert 0 < moved < 0.04 * tables, "only those near the border are touched"


def test_a_decision_never_calls_a_gain_inconclusive_whose_interval_excludes_0() -> None:
    for wins, losses in itertools.product(range(0, 25), range(0, 12)):
        old = np.r_[np.zeros(wins), np.ones(losses), np.ones(80), np.zeros(20)]
        new = np.r_[np.ones(wins), np.zeros(losses), np.ones(80), np.zeros(20)]
        for alpha in (0.05, 0.0125):
            found = decide(old, new, look_alpha=alpha)
            assert (found.verdict == "better") == (found.interval.low > 0)
        test = mcnemar(old, new)
        assert (test.p_two_sided <= 0.05) == (test.interval.low > 0 or test.interval.high < 0)


@pytest.mark.slow
def test_graded_scores_and_corpus_metrics_agree_too() -> None:
    rng = np.random.default_rng(8)
    close = 0
    for number in range(60):
        old = rng.beta(4, 2, 40)
        new = np.clip(old + rng.normal(0.02 * (number % 4), 0.11, 40), 0, 1)
        found = decide(old, new, look_alpha=0.05, seed=number)
        assert (found.verdict == "better") == (found.interval.low > 0)
        metric = CorpusMetric("squares", old, new, lambda answers, rows: float(np.mean(answers**2)))
        corpus = decide(old, new, look_alpha=0.05, metric=metric, seed=number)
        assert (corpus.verdict == "better") == (corpus.interval.low > 0)
        two_sided = compare_paired(old, new, seed=number)
        assert (two_sided.p <= 0.05) == (two_sided.low > 0 or two_sided.high < 0)
        close += 0.01 < found.p < 0.1
    assert close > 5, "some are near the border"


def test_the_end_that_is_moved_is_the_test_based_limit() -> None:
    # One-sided p = 0.02, so z = 2.0537; the limit at alpha 0.05 (z = 1.6449) is d (1 - 1.6449 / 2.0537).
    low, high = make_consistent_with_test(-0.001, 0.2, 0.1, 0.02, 0.98, 0.05)
    assert low == pytest.approx(0.1 * (1 - 1.6449 / 2.0537), abs=1e-4)
    assert high == 0.2
    low, _ = make_consistent_with_test(0.001, 0.2, 0.1, 0.051, 0.95, 0.05)
    assert -0.01 < low <= 0
