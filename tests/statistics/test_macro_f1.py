"""The interval of macro F1 covers: few rows, many labels, rare labels, labels that no row has."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.numbers import MACRO_F1, macro_f1_coverage
from veritrain_lib.statistics.macro_f1 import encode_labels, macro_f1_interval


@pytest.mark.parametrize("setting", MACRO_F1[:4], ids=str)
def test_it_covers_the_macro_f1_of_the_population(setting: object) -> None:
    rate = macro_f1_coverage(np.random.default_rng(5), setting, 600)  # type: ignore[arg-type]
    # 95 %, within what 600 tries tell from it.
    assert 0.93 <= (rate.value or 0.0) <= 0.985


def test_it_holds_what_was_observed_and_stays_inside() -> None:
    labels = [f"l{number}" for number in range(4)]
    wanted = labels * 5
    perfect = macro_f1_interval(*encode_labels(labels, wanted, wanted))
    assert perfect.high == 1.0
    assert 0.7 < perfect.low < 0.95, "20 rows without a mistake are no certainty"
    nothing = macro_f1_interval(*encode_labels(labels, wanted, [None] * 20))
    assert nothing.low == 0.0
    assert 0.05 < nothing.high < 0.3


def test_an_answer_that_is_no_label_costs_the_true_one_alone() -> None:
    truth, answer, count = encode_labels(["a", "b"], ["a", "b", "c"], ["a", "x", None])
    assert (truth.tolist(), answer.tolist(), count) == ([0, 1, 2], [0, -1, -1], 3)


@pytest.mark.parametrize(
    ("wanted", "given"), [([], []), ([0], [0, 1]), ([0, 2], [0, 0]), ([0, 1], [0, -2]), ([-1, 0], [0, 0])]
)
def test_what_is_no_label_is_refused(wanted: list[int], given: list[int]) -> None:
    with pytest.raises(ValueError, match=r"labels from|both need one label a row"):
        macro_f1_interval(wanted, given, 2)
