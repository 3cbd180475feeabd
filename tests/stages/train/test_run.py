"""Training takes passed data only, and its numbers are those of the model's own answers."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from veritrain_lib.core.errors import Refused
from veritrain_lib.core.records import Dataset
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import Task
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.train import run as train


@pytest.fixture
def dataset(task: Task) -> Dataset:
    file = task.file("pool")
    assert file is not None
    rows = pd.concat([sources.seed_rows(task), read_examples(task, file, "pool").head(9)], ignore_index=True)
    return Dataset("tiny", 3, "passed", "digest", rows, "tiny@2", "run")


@pytest.mark.parametrize(
    ("status", "mend"),
    [("blocked", "correct the data or the suite"), ("draft", "veritrain gate tiny --dataset tiny@3")],
)
def test_data_that_no_gate_passed_is_refused_with_what_to_do(
    task: Task, dataset: Dataset, development: pd.DataFrame, status: str, mend: str
) -> None:
    with pytest.raises(Refused, match=rf"tiny@3 is {status}.*{mend}") as caught:
        train.run(train.TrainConfig(), task, dataclasses.replace(dataset, status=status), development)  # type: ignore[arg-type]
    assert caught.value.exit_code == 1


def test_measures_are_those_of_the_answers_on_development_rows(
    task: Task, dataset: Dataset, development: pd.DataFrame
) -> None:
    result, fitted = train.run(train.TrainConfig(seed=1), task, dataset, development)
    answers = [response.best for response in fitted.model.answer(development)]
    right = sum(answer == label for answer, label in zip(answers, development["label"], strict=True))
    assert result.measures["accuracy"].value == pytest.approx(right / 30)
    assert result.tables["predictions"]["answer"].tolist() == answers
    assert result.tables["predictions"]["correct"].sum() == right
    assert result.tables["errors"].set_index("slice")["right"].sum() == right
    assert f"accuracy {right / 30:.3f}" in result.headline
    assert (result.rows, result.measures["training_rows"].value) == (30, 30)


def test_the_table_of_labels_tells_human_rows_from_all(
    task: Task, dataset: Dataset, development: pd.DataFrame
) -> None:
    result, _ = train.run(train.TrainConfig(), task, dataset, development)
    labels = result.tables["labels"].set_index("label")
    assert labels["before"].to_dict() == {"billing": 7, "greeting": 7, "parcel": 7}
    assert labels["after"].to_dict() == {"billing": 16, "greeting": 7, "parcel": 7}
    assert result.picture().axes


def test_the_same_rows_and_seed_make_the_same_answers(
    task: Task, dataset: Dataset, development: pd.DataFrame
) -> None:
    one, two = (train.run(train.TrainConfig(seed=5), task, dataset, development)[0] for _ in range(2))
    pd.testing.assert_frame_equal(one.tables["predictions"], two.tables["predictions"])
    assert one.metrics() == two.metrics()
