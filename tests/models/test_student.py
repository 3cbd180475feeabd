from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task
from veritrain_lib.metrics.contract_rate import ContractRate
from veritrain_lib.models.base import Scorer, open_model
from veritrain_lib.models.served import TEMPERATURE
from veritrain_lib.models.student import Student
from veritrain_lib.trainers.tfidf_svc import TfidfSvc


def test_answers_are_the_label_candidates_and_explanation_of_the_contract(
    student: Student, task: Task, rows: pd.DataFrame
) -> None:
    responses = student.answer(rows)
    assert ContractRate(task).value(rows["label"].tolist(), responses) == 1.0
    assert [response.best for response in responses] == rows["label"].tolist()
    for response in responses:
        raw = json.loads(response.raw)
        assert raw["label"] == response.best
        assert [one["label"] for one in raw["candidates"]] == [one.text for one in response.candidates]
        scores = [one.score for one in response.candidates if one.score is not None]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)


def test_scores_are_the_softmax_of_the_decision_values(student: Student, rows: pd.DataFrame) -> None:
    served = student.served
    decided = served._classifier.decision_function(served._features.transform(rows["text"]))
    np.testing.assert_allclose(student.scores(rows), softmax(decided / TEMPERATURE, axis=1), rtol=1e-6)
    assert student.labels == ["export", "login", "refund"]
    assert isinstance(student, Scorer)


def test_the_parts_of_the_explanation_add_up_to_the_decision(student: Student) -> None:
    # The contributions of a text and the label's constant make the whole decision value.
    row = pd.DataFrame({"text": ["refund"]})
    served = student.served
    encoded = served._features.transform(row["text"])
    decided = served._classifier.decision_function(encoded)[0]
    winner = int(decided.argmax())
    parts = encoded.toarray()[0] * served._weights[winner]
    assert parts.sum() + served._classifier.intercept_[winner] == pytest.approx(decided[winner], abs=1e-5)
    (response,) = student.answer(row)
    assert response.best == "refund"
    assert response.explanation is not None
    assert response.explanation.startswith(f'because of: "refund" ({parts.max():+.2f}), ')
    assert 'characters "_ref' in response.explanation


def test_a_text_of_nothing_known_is_answered_and_says_so(student: Student) -> None:
    for text in ("§§", "日本語"):
        (response,) = student.answer(pd.DataFrame({"text": [text]}))
        assert response.best in student.labels
        assert response.explanation == "because of: no known feature, only how common the label is"


def test_two_labels_have_two_candidates_and_mirrored_scores(rows: pd.DataFrame, task: Task) -> None:
    two = rows[rows["label"] != "export"]
    model = TfidfSvc().train(task, two, seed=0).model
    scores = model.scores(two)
    assert scores.shape == (8, 2)
    np.testing.assert_allclose(scores.sum(axis=1), 1)
    responses = model.answer(two)
    assert [response.best for response in responses] == two["label"].tolist()
    assert '"refund"' in (responses[0].explanation or "")
    assert '"log' in (model.answer(pd.DataFrame({"text": ["log in"]}))[0].explanation or "")


def test_no_rows_have_no_answers(student: Student) -> None:
    empty = pd.DataFrame({"text": []})
    assert student.answer(empty) == []
    assert student.scores(empty).shape == (0, 3)


def test_a_missing_input_column_is_named(student: Student) -> None:
    with pytest.raises(UserError, match=r"lack the input column.* text; they have: message"):
        student.answer(pd.DataFrame({"message": ["hello"]}))


def test_a_saved_student_answers_the_same(
    student: Student, folder: Path, task: Task, rows: pd.DataFrame
) -> None:
    again = open_model(f"student:{folder}", task)
    assert again.uri == student.uri == f"student:{folder}"
    assert [one.raw for one in again.answer(rows)] == [one.raw for one in student.answer(rows)]


def edit_card(folder: Path, **changes: object) -> None:
    path = folder / "student.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


def test_a_folder_without_a_student_is_said(task: Task, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no student\.json in"):
        open_model(f"student:{tmp_path}", task)
    with pytest.raises(UserError, match="names no folder"):
        open_model("student:", task)


def test_another_format_version_is_refused(folder: Path, task: Task) -> None:
    edit_card(folder, format_version=99)
    with pytest.raises(UserError, match="format version 99"):
        open_model(f"student:{folder}", task)


def test_another_scikit_learn_is_refused_with_what_to_install(folder: Path, task: Task) -> None:
    edit_card(folder, versions={"scikit-learn": "0.24.2"})
    with pytest.raises(UserError, match=r"Install scikit-learn 0\.24\.2"):
        open_model(f"student:{folder}", task)


def test_a_student_of_the_first_format_still_opens(
    student: Student, task: Task, rows: pd.DataFrame, tmp_path: Path
) -> None:
    import skops.io

    student.served.save(tmp_path)
    (tmp_path / "terms.json").unlink()
    parts = {"features": student.served._features, "classifier": student.served._classifier}
    skops.io.dump(parts, tmp_path / "student.skops")
    edit_card(tmp_path, format_version=1)
    again = open_model(f"student:{tmp_path}", task)
    assert [one.raw for one in again.answer(rows)] == [one.raw for one in student.answer(rows)]


def test_terms_that_are_not_the_models_are_refused(folder: Path, task: Task) -> None:
    terms = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
    (folder / "terms.json").write_text(json.dumps({**terms, "words": terms["words"][1:]}), encoding="utf-8")
    with pytest.raises(UserError, match=r"terms\.json is damaged"):
        open_model(f"student:{folder}", task)


@pytest.mark.parametrize("name", ["student.skops", "student.json", "terms.json"])
def test_a_cut_file_is_refused(folder: Path, task: Task, name: str) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=name):
        open_model(f"student:{folder}", task)


def test_a_student_of_another_task_is_refused(folder: Path, task: Task) -> None:
    fewer = task.model_copy(update={"target": task.target.model_copy(update={"labels": ["refund", "login"]})})
    with pytest.raises(UserError, match="lacks: export"):
        open_model(f"student:{folder}", fewer)
    more = task.model_copy(update={"inputs": {**task.inputs, "subject": task.inputs["text"]}})
    with pytest.raises(UserError, match="train again"):
        open_model(f"student:{folder}", more)


def test_5000_rows_of_150_labels_take_seconds(task: Task) -> None:
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefghijklmnop"), 6)) for _ in range(600)]
    texts = [" ".join(rng.choice(words, 9)) for _ in range(5000)]
    labels = [f"label{number % 150:03}" for number in range(5000)]
    frame = pd.DataFrame({"id": "x", "text": texts, "label": labels})
    target = task.target.model_copy(update={"labels": sorted(set(labels))})
    model = TfidfSvc().train(task.model_copy(update={"target": target}), frame.iloc[:600], seed=0).model
    start = time.process_time()
    assert len(model.answer(frame)) == 5000
    assert time.process_time() - start < 10  # measured: about 0.6
