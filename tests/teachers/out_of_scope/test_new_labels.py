"""Groups of rows that no label fits are found by the directions of their vectors, the largest first."""

from __future__ import annotations

import numpy as np

from veritrain_lib.teachers.out_of_scope import new_labels
from veritrain_lib.teachers.out_of_scope.new_labels import COLUMNS, groups_of


def around(rng: np.random.Generator, centre: np.ndarray, rows: int) -> np.ndarray:
    vectors: np.ndarray = centre + 0.05 * rng.normal(size=(rows, len(centre)))
    return vectors


def test_each_subject_becomes_a_group_with_examples_the_largest_first() -> None:
    rng = np.random.default_rng(0)
    axes = np.eye(16)
    vectors = np.vstack([around(rng, axes[0], 12), around(rng, axes[1], 30), rng.normal(size=(6, 16))])
    texts = [*(f"pizza {n}" for n in range(12)), *(f"taxi {n}" for n in range(30)), *(f"odd {n}" for n in range(6))]  # fmt: skip
    groups = groups_of(texts, vectors, np.random.default_rng(0))
    assert list(groups.columns) == list(COLUMNS)
    assert groups["rows"].tolist() == [30, 12]
    assert groups["examples"][0].count("“taxi") == new_labels.EXAMPLES
    assert groups["examples"][1].count("“pizza") == new_labels.EXAMPLES
    np.testing.assert_allclose(groups["share"], [30 / 48, 12 / 48])


def test_few_rows_make_no_group() -> None:
    rows = new_labels.SMALLEST_GROUP - 1
    assert groups_of(["same"] * rows, np.ones((rows, 4)), np.random.default_rng(0)).empty
    assert groups_of([], np.empty((0, 1)), np.random.default_rng(0)).empty
