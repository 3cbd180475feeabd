import pandas as pd

from tests.reporting.pictures.examples import pairs
from tests.reporting.pictures.looking import texts
from veritrain_lib.reporting.pictures import confused_pairs


def test_right_answers_are_no_confusion() -> None:
    frame = pd.DataFrame({"expected": ["a", "a"], "answered": ["a", "b"], "count": [90, 2]})
    drawn = texts(confused_pairs(frame))
    assert "a → b" in drawn
    assert "a → a" not in drawn
    assert "90" not in drawn


def test_the_most_frequent_pair_stands_on_top_and_the_rest_is_counted() -> None:
    frame = pairs()
    wrong = frame[(frame["expected"] != frame["answered"]) & (frame["count"] > 0)]
    drawing = confused_pairs(frame, show=10)
    widths = [bar.get_width() for bar in drawing.axes[0].patches]
    assert widths == sorted(widths)
    assert widths[-1] == wrong["count"].max()
    rest = wrong["count"].sum() - sum(widths)
    assert f"{len(wrong) - 10} more kinds ({rest:,.0f} rows) left out" in texts(drawing)


def test_all_right_is_said() -> None:
    frame = pd.DataFrame({"expected": ["a"], "answered": ["a"], "count": [9]})
    assert "every answer was right" in " ".join(texts(confused_pairs(frame)))
