from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task
from veritrain_lib.trainers.tfidf_svc import TfidfSvc


@pytest.fixture
def task() -> Task:
    return Task.model_validate(
        {
            "version": 1,
            "name": "help",
            "inputs": {"subject": {}, "text": {}},
            "target": {"field": "intent", "labels": ["cancel", "order", "pay", "other"]},
            "contract": {},
            "metrics": [{"name": "accuracy"}],
            "data": {"seed": "seed.csv", "development": "development.csv", "test": "test.csv"},
        }
    )


@pytest.fixture
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    words = {"cancel": "stop end cancel quit", "order": "buy order new cart", "pay": "pay card bank bill"}
    records = [
        {"id": f"{label}{number}", "subject": f"about {label[:2]}", "intent": label,
         "text": " ".join(rng.choice([*own.split(), "the", "my", "please", "now"], 5))}
        for label, own in words.items() for number in range(12)
    ]  # fmt: skip
    return pd.DataFrame(records)


def test_scores_rank_as_a_plain_scikit_learn_pipeline_does(task: Task, rows: pd.DataFrame) -> None:
    plain = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        ),
        LinearSVC(random_state=5),
    )
    train, held = rows.iloc[::2], rows.iloc[1::2]
    plain.fit(train["subject"] + "\n" + train["text"], train["intent"])
    expected = plain.decision_function(held["subject"] + "\n" + held["text"])
    scores = TfidfSvc().train(task, train, seed=5).model.scores(held)
    logs = np.log(scores) * 0.12
    differences = (logs - logs[:, :1]) - (expected - expected[:, :1])
    assert np.abs(differences).max() < 1e-3


def test_same_rows_and_seed_give_the_same_answers(task: Task, rows: pd.DataFrame) -> None:
    first, second = (TfidfSvc().train(task, rows, seed=3).model for _ in range(2))
    assert [one.raw for one in first.answer(rows)] == [one.raw for one in second.answer(rows)]


def test_labels_may_be_fewer_than_the_task_lists(task: Task, rows: pd.DataFrame) -> None:
    assert TfidfSvc().train(task, rows, seed=0).model.labels == ["cancel", "order", "pay"]


def test_the_number_of_candidates_is_a_parameter(task: Task, rows: pd.DataFrame) -> None:
    model = TfidfSvc(candidates=2).train(task, rows, seed=0).model
    assert {len(response.candidates) for response in model.answer(rows)} == {2}


def test_rows_without_an_answer_are_refused_by_id(task: Task, rows: pd.DataFrame) -> None:
    rows.loc[[3, 20], "intent"] = ["", "  "]
    with pytest.raises(UserError, match=r"2 training row.* no intent: ids cancel3, order8"):
        TfidfSvc().train(task, rows, seed=0)


def test_one_label_or_one_row_is_refused(task: Task, rows: pd.DataFrame) -> None:
    with pytest.raises(UserError, match="all 12 training rows have the answer 'pay'"):
        TfidfSvc().train(task, rows[rows["intent"] == "pay"], seed=0)
    with pytest.raises(UserError, match="1 training row"):
        TfidfSvc().train(task, rows.iloc[:1], seed=0)


def test_rows_without_words_are_refused(task: Task, rows: pd.DataFrame) -> None:
    with pytest.raises(UserError, match="no words"):
        TfidfSvc().train(task, rows.assign(subject="", text="?"), seed=0)


def test_an_unknown_parameter_is_refused_by_name() -> None:
    with pytest.raises(
        UserError, match="no parameter alpha; allowed: word_ngrams, char_ngrams, C, candidates"
    ):
        TfidfSvc(alpha=1)


@pytest.mark.parametrize(
    "parameters",
    [{"C": 0}, {"C": "big"}, {"C": float("nan")}, {"C": True}, {"candidates": 0}, {"candidates": 2.0},
     {"word_ngrams": [2, 1]}, {"word_ngrams": 2}, {"char_ngrams": [0, 3]}, {"char_ngrams": ["1", "2"]}],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_by_name(parameters: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=next(iter(parameters))):
        TfidfSvc(**parameters)


def test_saving_into_a_used_folder_is_refused(task: Task, rows: pd.DataFrame, tmp_path: Path) -> None:
    fitted = TfidfSvc().train(task, rows, seed=0)
    fitted.save(tmp_path / "new")
    with pytest.raises(UserError, match="not empty"):
        fitted.save(tmp_path / "new")


def test_is_found_under_its_name() -> None:
    assert registry.get("trainers", "tfidf_svc") is TfidfSvc
