from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix, hstack
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.svm import LinearSVC

from veritrain_lib.trainers.discriminant import SHRINKAGE, blend_in

LABELS = 20
DIMENSION = 40


def drawn(rng: np.random.Generator, means: np.ndarray, rows_per_label: int) -> tuple[np.ndarray, list[str]]:
    """Draw vectors around the labels' means, with a spread that is much wider in some directions than in others."""
    spread = np.linspace(0.2, 3, DIMENSION)
    numbers = np.repeat(np.arange(len(means)), rows_per_label)
    vectors = means[numbers] + rng.normal(size=(len(numbers), DIMENSION)) * spread
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), [f"label {number:02}" for number in numbers]


def fitted(vectors: np.ndarray, answers: list[str], weight: float) -> tuple[LinearSVC, csr_matrix]:
    """Return a classifier of two more columns and the vectors times 2, with the analysis blended in."""
    encoded = features(vectors)
    classifier = LinearSVC(random_state=0).fit(encoded, answers)
    blend_in(classifier, vectors, answers, encoded, scale=2.0, weight=weight)
    return classifier, encoded


def features(vectors: np.ndarray) -> csr_matrix:
    return hstack([csr_matrix(vectors[:, :2] > 0, dtype=np.float32), csr_matrix(vectors * 2)], format="csr")


@pytest.mark.parametrize("labels", [2, LABELS])
def test_decision_values_are_the_mean_of_both_at_the_same_spread(labels: int) -> None:
    rng = np.random.default_rng(0)
    vectors, answers = drawn(rng, rng.normal(size=(labels, DIMENSION)), 5)
    machine = LinearSVC(random_state=0).fit(features(vectors), answers)
    analysis = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE).fit(vectors, answers)

    def both(asked: np.ndarray) -> list[np.ndarray]:
        values = [machine.decision_function(features(asked)), analysis.decision_function(asked)]
        wide = [np.column_stack([-value, value]) if value.ndim == 1 else value for value in values]
        return [value - value.mean(axis=1, keepdims=True) for value in wide]

    ratio = np.divide(*(value.std() for value in both(vectors)))
    asked, _ = drawn(rng, rng.normal(size=(labels, DIMENSION)), 3)
    first, second = both(asked)
    values = fitted(vectors, answers, 0.5)[0].decision_function(features(asked))
    values = np.column_stack([-values, values]) if values.ndim == 1 else values
    expected = (first + 0.5 * ratio * second) / 1.5
    assert np.abs(values - values.mean(axis=1, keepdims=True) - expected).max() < 1e-4


def test_where_the_analysis_is_impossible_the_classifier_stays_as_it_is() -> None:
    vectors = np.eye(4, dtype=np.float32)
    for rows, answers in ((vectors, list("abcd")), (np.repeat(vectors, 2, axis=0), list("aabbccdd"))):
        plain, encoded = fitted(rows, answers, 0)
        blended, _ = fitted(rows, answers, 1)
        assert np.isfinite(blended.coef_).all()
        assert blended.predict(encoded).tolist() == plain.predict(encoded).tolist()
    assert np.array_equal(
        fitted(vectors, list("abcd"), 1)[0].coef_, fitted(vectors, list("abcd"), 0)[0].coef_
    )
