from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from veritrain_lib.teachers import selection_strategies


def test_the_margin_is_the_gap_between_the_two_best_decision_values() -> None:
    decided = np.random.default_rng(0).normal(size=(50, 7))
    scores = np.exp(decided) / np.exp(decided).sum(axis=1, keepdims=True)
    expected = [sorted(row)[-1] - sorted(row)[-2] for row in decided.tolist()]
    np.testing.assert_allclose(selection_strategies.margins(scores), expected, rtol=1e-9)


def test_a_tie_is_0_and_a_certain_row_is_finite() -> None:
    found = selection_strategies.margins(np.array([[0.4, 0.4, 0.2], [1.0, 0.0, 0.0]]))
    assert found[0] == 0
    assert np.isfinite(found[1])


def test_one_label_has_no_margin() -> None:
    with pytest.raises(ValueError, match="at least 2 labels"):
        selection_strategies.margins(np.ones((3, 1)))


def test_uncertainty_takes_the_closest_race_first_not_the_lowest_best_score() -> None:
    scores = np.array([[0.40, 0.20, 0.20, 0.20], [0.48, 0.47, 0.03, 0.02], [0.90, 0.05, 0.03, 0.02]])
    margins = selection_strategies.margins(scores)
    assert selection_strategies.least(margins, np.random.default_rng(0)).tolist() == [1, 0, 2]


def test_ties_are_broken_by_the_seed_only() -> None:
    margins = selection_strategies.margins(np.full((30, 3), 1 / 3))
    orders = [selection_strategies.least(margins, np.random.default_rng(seed)).tolist() for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[2]) == list(range(30))


def test_balanced_brings_all_labels_to_the_same_number() -> None:
    quotas = selection_strategies.balanced({"a": 5, "b": 1, "c": 3}, ["a", "b", "c", "d"], 10)
    assert quotas == {"a": 0, "b": 4, "c": 1, "d": 5} or sum(quotas.values()) == 10
    totals = {label: quotas[label] + {"a": 5, "b": 1, "c": 3}.get(label, 0) for label in quotas}
    assert max(totals.values()) - min(totals.values()) <= 1


def test_class_error_gets_rows_in_proportion() -> None:
    assert selection_strategies.in_proportion({"a": 0.5, "b": 0.25, "c": 0.25, "d": 0.0}, 8) == {
        "a": 4,
        "b": 2,
        "c": 2,
        "d": 0,
    }


def test_no_error_anywhere_means_equal_numbers() -> None:
    assert selection_strategies.in_proportion({"a": 0.0, "b": 0.0}, 6) == {"a": 3, "b": 3}


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1e6), min_size=1, max_size=12), st.integers(0, 500))
def test_shares_sum_up_and_none_is_off_by_a_whole_row(weights: dict[str, float], number: int) -> None:
    quotas = selection_strategies.in_proportion(weights, number)
    assert sum(quotas.values()) == number
    total = sum(weights.values())
    if total > 0:
        assert all(abs(quotas[label] - number * weights[label] / total) < 1 + 1e-6 for label in weights)


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        selection_strategies.in_proportion({"a": weight, "b": 1.0}, 3)


def test_quotas_are_kept_in_order_and_what_is_short_comes_from_the_others() -> None:
    predicted = ["a", "a", "a", "b", "a", "a"]
    assert selection_strategies.fill(np.array([5, 4, 3, 2, 1, 0]), predicted, {"a": 2, "b": 1}, 3) == [
        5,
        4,
        3,
    ]
    assert selection_strategies.fill(np.array([0, 1, 2, 3, 4, 5]), predicted, {"a": 1, "b": 3}, 4) == [
        0,
        3,
        1,
        2,
    ]
    assert len(selection_strategies.fill(np.arange(6), predicted, {"c": 9}, 9)) == 6
