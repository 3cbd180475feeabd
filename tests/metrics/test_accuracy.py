from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import Candidate, Response
from veritrain_lib.core.task import Task
from veritrain_lib.metrics.accuracy import Accuracy
from veritrain_lib.metrics.base import open_metrics


def says(*labels: str) -> Response:
    return Response(tuple(Candidate(label) for label in labels), raw="")


def test_equals_scikit_learn_on_random_answers(task: Task) -> None:
    rng = np.random.default_rng(3)
    wanted, given = rng.choice(task.labels, 200).tolist(), rng.choice(task.labels, 200).tolist()
    value = Accuracy(task).value(wanted, [says(label) for label in given])
    assert value == pytest.approx(accuracy_score(wanted, given), abs=1e-12)


def test_only_the_first_candidate_counts(task: Task) -> None:
    assert Accuracy(task).per_row(["rain", "rain"], [says("rain", "sun"), says("sun", "rain")]).tolist() == [
        1,
        0,
    ]


def test_a_missing_answer_and_an_error_count_wrong_and_stay_in_the_denominator(task: Task) -> None:
    failed = Response((Candidate("rain"),), raw="", error="timeout")
    assert Accuracy(task).value(["rain"] * 4, [says("rain"), says(), failed, says("rain")]) == 0.5


def test_a_number_of_responses_that_differs_is_an_error(task: Task) -> None:
    with pytest.raises(ValueError, match="2 references and 1 responses"):
        Accuracy(task).value(["rain", "sun"], [says("rain")])


def test_no_rows_have_no_accuracy(task: Task) -> None:
    with pytest.raises(UserError, match="no rows"):
        Accuracy(task).value([], [])


def test_is_found_under_its_name(task: Task) -> None:
    (metric,) = open_metrics(task)
    assert metric.signature() == "accuracy|v1|target:label|match:exact|no_answer:wrong"
