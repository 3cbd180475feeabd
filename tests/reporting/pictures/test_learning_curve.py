import numpy as np
import pytest

from tests.reporting.pictures.examples import rounds
from tests.reporting.pictures.looking import texts
from veritrain_lib.reporting.pictures import learning_curve


def test_a_filled_dot_was_promoted_and_a_hollow_one_was_not() -> None:
    axes = learning_curve(rounds(4), "accuracy").axes[0]
    dots = {line.get_label(): line for line in axes.lines if line.get_label() in ("promoted", "not promoted")}
    assert list(dots["promoted"].get_xdata()) == [0, 2]
    assert list(dots["not promoted"].get_xdata()) == [1, 3]
    assert dots["not promoted"].get_markerfacecolor() == "white"


def test_the_interval_runs_from_low_to_high() -> None:
    axes = learning_curve(rounds(2), "accuracy").axes[0]
    segments = axes.collections[0].get_segments()
    assert np.allclose(segments[1], [[1, 0.71], [1, 0.77]])


def test_the_goal_is_drawn_and_in_view() -> None:
    drawing = learning_curve(rounds(3), "accuracy", goal=0.95)
    assert "goal 0.95" in texts(drawing)
    low, high = drawing.axes[0].get_ylim()
    assert low < 0.95 < high


def test_a_round_without_a_value_is_counted_and_one_without_bounds_still_drawn() -> None:
    frame = rounds(3)
    frame.loc[1, "value"] = None
    frame.loc[2, ["low", "high"]] = None
    drawn = texts(learning_curve(frame, "accuracy"))
    assert "1 round has no value" in drawn
    assert "0.770" in drawn


@pytest.mark.parametrize("count", [13, 60])
def test_many_rounds_name_only_the_first_and_the_last_value(count: int) -> None:
    drawn = texts(learning_curve(rounds(count), "accuracy"))
    assert len([text for text in drawn if len(text) == 5 and text[1] == "."]) == 2
