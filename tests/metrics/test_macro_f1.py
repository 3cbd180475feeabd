from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from veritrain_lib.core.records import Candidate, Response
from veritrain_lib.core.task import Task
from veritrain_lib.metrics.macro_f1 import MacroF1


def says(*labels: str) -> Response:
    return Response(tuple(Candidate(label) for label in labels), raw="")


@pytest.mark.parametrize("seed", range(5))
def test_equals_scikit_learn_on_unbalanced_labels(task: Task, seed: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = rng.choice(task.labels, 150, p=[0.8, 0.15, 0.05]).tolist()
    given = [label if rng.random() < 0.7 else str(rng.choice(task.labels)) for label in wanted]
    expected = f1_score(wanted, given, average="macro", labels=sorted(set(wanted)))
    assert MacroF1(task).value(wanted, [says(label) for label in given]) == pytest.approx(expected, abs=1e-12)


def test_a_missing_answer_is_a_miss(task: Task) -> None:
    wanted, given = ["rain", "rain", "sun", "sun"], ["rain", "none", "sun", "sun"]
    expected = f1_score(wanted, given, average="macro", labels=["rain", "sun"])
    assert MacroF1(task).value(wanted, [says("rain"), says(), says("sun"), says("sun")]) == pytest.approx(
        expected
    )


def test_a_label_without_reference_rows_is_left_out_but_costs_the_true_label(task: Task) -> None:
    # rain: 1 of 2 found, nothing wrongly so: F1 = 2/3; sun 1; snow has no reference row.
    value = MacroF1(task).value(["rain", "rain", "sun"], [says("rain"), says("snow"), says("sun")])
    assert value == pytest.approx((2 / 3 + 1) / 2)


def test_is_no_mean_over_rows(task: Task) -> None:
    assert MacroF1(task).per_row(["rain"], [says("rain")]) is None
