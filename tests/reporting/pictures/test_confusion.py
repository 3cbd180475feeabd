import numpy as np
import pandas as pd

from tests.reporting.pictures.examples import matrix
from tests.reporting.pictures.looking import texts
from veritrain_lib.reporting.pictures import confusion
from veritrain_lib.reporting.pictures.confusion import REST


def test_every_count_is_written_in_its_cell() -> None:
    frame = pd.DataFrame([[7, 2], [0, 5]], index=["a", "b"], columns=["a", "b"])
    axes = confusion(frame).axes[0]
    assert {(text.get_text(), text.get_position()) for text in axes.texts} == {
        ("7", (0, 0)), ("2", (1, 0)), ("5", (1, 1)),
    }  # fmt: skip


def test_labels_that_only_one_side_knows_and_other_orders_are_brought_together() -> None:
    frame = pd.DataFrame([[2, 7]], index=["a"], columns=["other", "a"])
    drawing = confusion(frame)
    assert {(text.get_text(), text.get_position()) for text in drawing.axes[0].texts} == {
        ("7", (0, 0)), ("2", (1, 0)),
    }  # fmt: skip
    assert "7 of 9 answers are right" in drawing.alt


def test_of_many_labels_those_with_errors_are_kept_and_no_row_is_lost() -> None:
    frame = pd.DataFrame(50 * np.eye(150, dtype=int))
    frame.loc[140, 3] = 9
    drawing = confusion(frame, show=10)
    drawn = texts(drawing)
    assert drawn.count("3") == 2
    assert drawn.count("140") == 2
    assert drawn.count(REST) == 2
    assert sum(int(text.get_text().replace(",", "")) for text in drawing.axes[0].texts) == 150 * 50 + 9
    assert "141 labels with fewer errors are summed up as 'all others'" in drawn
    # Answers that are wrong within the rest do not count as right.
    assert "7,500 of 7,509 answers are right" in drawing.alt


def test_errors_inside_the_rest_are_no_right_answers() -> None:
    frame = matrix(150)
    right = int(np.diag(frame.to_numpy()).sum())
    assert f"{right:,} of {int(frame.to_numpy().sum()):,} answers are right" in confusion(frame).alt
