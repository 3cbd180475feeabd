"""Pool rows of a subject that no label names are more novel than rows of the labels."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from veritrain_lib.teachers.out_of_scope import novelty as module
from veritrain_lib.teachers.out_of_scope.novelty import novelty

DIMENSION = 32


def drawn(
    rng: np.random.Generator, centres: np.ndarray, rows: int, spread: float = 0.15
) -> tuple[np.ndarray, list[str]]:
    """Vectors of length 1 around centres, the same number around each, and the number of their centre as a text."""
    numbers = np.arange(rows) % len(centres)
    vectors = centres[numbers] + spread * rng.normal(size=(rows, DIMENSION))
    return module.unit(vectors).astype(np.float32), [str(number) for number in numbers]


def test_rows_of_other_subjects_are_more_novel_than_rows_with_a_label() -> None:
    rng = np.random.default_rng(1)
    centres = module.unit(rng.normal(size=(15, DIMENSION)))
    training, labels = drawn(rng, centres[:10], 100)
    good, _ = drawn(rng, centres[:10], 600)
    bad, _ = drawn(rng, centres[10:], 200)
    of_pool, _ = novelty(training, labels, np.vstack([good, bad]), np.random.default_rng(0))
    assert roc_auc_score(np.r_[np.zeros(600), np.ones(200)], of_pool) > 0.99


def test_training_rows_are_as_novel_as_pool_rows_with_a_label() -> None:
    rng = np.random.default_rng(2)
    centres = module.unit(rng.normal(size=(10, DIMENSION)))
    training, labels = drawn(rng, centres, 1000, spread=0.4)
    pool, _ = drawn(rng, centres, 3000, spread=0.4)
    of_pool, of_training = novelty(training, labels, pool, np.random.default_rng(0))
    assert len(of_training) == len(training)
    for share in (0.03, 0.1, 0.3):
        assert abs((of_pool > np.quantile(of_training, 1 - share)).mean() - share) < 0.03


def test_pool_rows_are_compared_in_parts_with_the_same_result(monkeypatch: object) -> None:
    rng = np.random.default_rng(3)
    centres = module.unit(rng.normal(size=(8, DIMENSION)))
    training, labels = drawn(rng, centres[:5], 60)
    pool, _ = drawn(rng, centres, 200)
    whole, _ = novelty(training, labels, pool, np.random.default_rng(0))
    monkeypatch.setattr(module, "AT_ONCE", 7)  # type: ignore[attr-defined]
    parts, _ = novelty(training, labels, pool, np.random.default_rng(0))
    np.testing.assert_allclose(parts, whole, atol=1e-4)


def test_a_label_with_a_single_row_is_no_reason_for_an_error() -> None:
    rng = np.random.default_rng(4)
    training, _ = drawn(rng, module.unit(rng.normal(size=(4, DIMENSION))), 4)
    of_pool, of_training = novelty(training, ["a", "b", "c", "d"], training.copy(), np.random.default_rng(0))
    assert np.isfinite(of_pool).all()
    assert np.isfinite(of_training).all()
