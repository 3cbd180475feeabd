"""What counts as paired scores."""

import numpy as np
import pytest

from veritrain_lib.statistics.scores import pair_scores


def test_pairs_booleans_and_grades() -> None:
    right = pair_scores([True, False, True, True], [1, 1, 0, 1])
    assert right.binary
    assert right.difference == 0.0
    assert right.discordance == 0.5
    graded = pair_scores([0.5, 0.0], [0.75, 0.0])
    assert not graded.binary
    assert graded.difference == pytest.approx(0.125)
    assert graded.scale == 0.25


def test_no_rows() -> None:
    pair = pair_scores([], [])
    assert (pair.n, pair.difference, pair.discordance, pair.binary) == (0, None, 0.0, True)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ([1, 0], [1], "champion has 2 rows and challenger 1"),
        ([1, 0], [1, np.nan], "challenger score in row 1 is nan"),
        ([57.0, 0], [1, 1], "champion score in row 0 is 57.0: allowed is 0..1"),
        ([[1, 0]], [[1, 0]], r"shape \(1, 2\)"),
        (["yes"], ["no"], "must be booleans or numbers"),
    ],
)
def test_errors_name_the_row(old: list, new: list, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=message):
        pair_scores(old, new)
