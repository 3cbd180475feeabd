"""Discriminants of vectors find wrong labels among any number of rows, and never see the row that they judge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.quality.context import Context
from veritrain_lib.quality.labels import vector_students
from veritrain_lib.quality.labels.confident_learning import label_issues
from veritrain_lib.quality.labels.vector_students import vector_margins

LABELS = ["billing", "greeting", "parcel"]
DIMENSION = 12


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return load_task(write_tiny(tmp_path / "task"))


@pytest.fixture
def vectors(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Vectors by text, which stand for those of a sentence encoder."""
    found: dict[str, np.ndarray] = {}

    def encode(encoder: object, texts: list[str]) -> np.ndarray:
        return np.array([found[text] for text in texts], dtype=np.float32).reshape(len(texts), DIMENSION)

    monkeypatch.setattr(vector_students.vector_store, "encode", encode)
    return found


def rows_of(count: int, vectors: dict[str, np.ndarray], seed: int, name: str = "row") -> pd.DataFrame:
    """Rows whose vectors scatter around one point a label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(len(LABELS), size=count)
    texts = [f"{name} {number}" for number in range(count)]
    scattered = np.eye(len(LABELS), DIMENSION)[labels] + 0.25 * rng.normal(size=(count, DIMENSION))
    vectors.update(zip(texts, scattered, strict=True))
    return pd.DataFrame({"text": texts, "label": [LABELS[label] for label in labels], "source": "pool", "provenance": "{}"})  # fmt: skip


def context_of(task: Task, accepted: pd.DataFrame) -> Context:
    trainer = task.trainer.model_copy(update={"name": "encoder_svc"})
    task = task.model_copy(update={"trainer": trainer})
    return Context(task, accepted, accepted.iloc[:0], accepted.iloc[:0], fit=None, seed=0)


def test_flipped_labels_are_found_and_right_ones_left(task: Task, vectors: dict[str, np.ndarray]) -> None:
    rows = rows_of(900, vectors, 1)
    truth = rows["label"].copy()
    wrong = np.arange(0, 900, 10)
    rows.loc[wrong, "label"] = [LABELS[(LABELS.index(label) + 1) % 3] for label in truth[wrong]]
    found = label_issues(vector_margins(rows, context_of(task, rows.iloc[:0]), folds=5), 0.6)
    flagged = set(np.flatnonzero(found >= 0))
    assert len(flagged & set(wrong)) >= 0.85 * len(wrong)
    assert len(flagged & set(wrong)) >= 0.93 * len(flagged)


def test_margins_are_those_of_scikit_learns_discriminant_without_the_row(
    task: Task, vectors: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_students, "SHRINKAGE", 0.4)
    rows = rows_of(120, vectors, 2)
    found = vector_margins(rows, context_of(task, rows.iloc[:0]), folds=4)
    folds = vector_students.stratified_folds(rows["label"].tolist(), 4, np.random.default_rng([0, 0]))
    values = np.array([vectors[text] for text in rows["text"]])
    given = np.array([LABELS.index(label) for label in rows["label"]])
    expected = np.empty((len(rows), 3))
    for number in range(4):
        train = folds != number
        model = LinearDiscriminantAnalysis(solver="lsqr", covariance_estimator=_Shrunk(0.4))
        model.fit(values[train], given[train])
        expected[~train] = np.log(model.predict_proba(values[~train]))
    own = expected[np.arange(len(rows)), given]
    expected[np.arange(len(rows)), given] = -np.inf
    np.testing.assert_allclose(
        found.best_other_score - found.given_score, expected.max(axis=1) - own, atol=0.05, rtol=1e-2
    )


class _Shrunk:
    """Covariance with the same weight of an even one as ours, computed by scikit-learn."""

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def fit(self, values: np.ndarray) -> _Shrunk:
        from sklearn.covariance import shrunk_covariance

        centred = values - values.mean(axis=0)
        self.covariance_ = shrunk_covariance(centred.T @ centred / len(values), self.weight)
        return self


def test_accepted_rows_teach_every_fold_and_a_label_without_a_row_is_not_judged(
    task: Task, vectors: dict[str, np.ndarray]
) -> None:
    rows = rows_of(40, vectors, 3)
    only_two = rows[rows["label"] != "parcel"].reset_index(drop=True)
    without = vector_margins(only_two, context_of(task, rows.iloc[:0]), folds=3)
    assert set(without.best_other) <= {0, 1}
    taught = vector_margins(only_two, context_of(task, rows_of(60, vectors, 4, "accepted")), folds=3)
    assert len(taught.given_score) == len(only_two)
    assert 2 in set(taught.best_other)


def test_rows_are_scored_in_parts_with_the_same_result(
    task: Task, vectors: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_of(100, vectors, 5)
    whole = vector_margins(rows, context_of(task, rows.iloc[:0]), folds=3)
    monkeypatch.setattr(vector_students, "AT_ONCE", 9)
    parts = vector_margins(rows, context_of(task, rows.iloc[:0]), folds=3)
    np.testing.assert_allclose(parts.given_score, whole.given_score, rtol=1e-5)
    assert parts.best_other.tolist() == whole.best_other.tolist()
