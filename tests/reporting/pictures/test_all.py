"""What every picture must hold, whatever it shows."""

import warnings
from collections.abc import Callable

import pandas as pd
import pytest

from tests.reporting.pictures import examples
from tests.reporting.pictures.looking import cut, overlaps, smallest, texts
from veritrain_lib.core.errors import UserError
from veritrain_lib.reporting import pictures
from veritrain_lib.reporting.pictures.drawing import Drawing
from veritrain_lib.reporting.render import png

Draw = Callable[[pd.DataFrame], Drawing]


def curve(rounds: pd.DataFrame) -> Drawing:
    return pictures.learning_curve(rounds, "accuracy", 0.9)


def sweep_arms(table: pd.DataFrame) -> Drawing:
    return pictures.arms(table, "accuracy")


PLAIN: dict[str, tuple[Draw, pd.DataFrame]] = {
    "learning_curve": (curve, examples.rounds()),
    "slice_changes": (pictures.slice_changes, examples.slices()),
    "confused_pairs": (pictures.confused_pairs, examples.pairs()),
    "confusion": (pictures.confusion, examples.matrix()),
    "removed": (pictures.removed, examples.rules()),
    "copies": (pictures.copies, examples.copies()),
    "rates": (pictures.rates, examples.rates()),
    "plan": (pictures.plan, examples.plan()),
    "label_counts": (pictures.label_counts, examples.counts()),
    "uncertainty": (pictures.uncertainty, examples.margins()),
    "arms": (sweep_arms, examples.arms()),
}
LARGE: dict[str, tuple[Draw, pd.DataFrame]] = {
    "learning_curve": (curve, examples.rounds(30)),
    "confusion": (pictures.confusion, examples.matrix(150)),
    "plan": (pictures.plan, examples.plan(60)),
    "label_counts": (pictures.label_counts, examples.counts(60)),
    "arms": (sweep_arms, examples.arms(40)),
}
ALL = [*PLAIN.values(), *LARGE.values()]
each = pytest.mark.parametrize(("draw", "frame"), PLAIN.values(), ids=PLAIN)


@pytest.mark.parametrize(("draw", "frame"), ALL, ids=[*PLAIN, *(f"large {name}" for name in LARGE)])
def test_nothing_is_cut_overlaps_is_too_small_to_read_or_warns(draw: Draw, frame: pd.DataFrame) -> None:
    before = frame.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawing = draw(frame)
        drawing.canvas.draw()
    assert cut(drawing) == []
    assert overlaps(drawing) == []
    assert smallest(drawing) >= 8.4
    pd.testing.assert_frame_equal(frame, before)


@each
def test_one_row_is_enough(draw: Draw, frame: pd.DataFrame) -> None:
    drawing = draw(frame.head(1))
    drawing.canvas.draw()
    assert cut(drawing) == []
    assert overlaps(drawing) == []


@each
def test_no_row_gives_a_picture_that_says_what_is_missing(draw: Draw, frame: pd.DataFrame) -> None:
    drawing = draw(frame.head(0))
    message, title = sorted(texts(drawing), key=lambda text: not text.endswith("."))
    assert drawing.alt == f"{title}: {message}"


@each
def test_values_that_are_all_missing_do_not_crash(draw: Draw, frame: pd.DataFrame) -> None:
    emptied = frame.astype(object)
    for column in frame.select_dtypes("number"):
        emptied[column] = None
    assert texts(draw(emptied))


@each
def test_there_are_words_for_those_who_cannot_see_it(draw: Draw, frame: pd.DataFrame) -> None:
    drawing = draw(frame)
    assert len(drawing.alt) > 40
    assert "nan" not in drawing.alt


# Rates keep the order given.
@pytest.mark.parametrize("name", sorted(set(PLAIN) - {"rates"}))
def test_the_order_of_rows_does_not_change_the_picture(name: str) -> None:
    draw, frame = PLAIN[name]
    assert png(draw(frame.iloc[::-1]), 40) == png(draw(frame), 40)


@pytest.mark.parametrize("name", sorted(set(PLAIN) - {"confusion"}))
def test_an_absent_column_is_named(name: str) -> None:
    draw, frame = PLAIN[name]
    column = frame.columns[-1]
    with pytest.raises(UserError, match=f"missing: {column}; present: "):
        draw(frame.drop(columns=column))


def test_a_text_where_a_number_belongs_is_refused_by_column() -> None:
    with pytest.raises(UserError, match="Column rejected of a chart must contain numbers"):
        pictures.removed(examples.rules().assign(rejected="many"))


def test_dollar_signs_are_letters_and_no_formula() -> None:
    drawing = pictures.label_counts(pd.DataFrame({"label": ["$x^2$"], "before": [1], "after": [2]}))
    drawing.canvas.draw()
    label = next(text for text in drawing.axes[0].get_yticklabels() if text.get_text() == "$x^2$")
    assert label.get_parse_math() is False
    alt_text = pictures.learning_curve(examples.rounds(), "$cost$")
    assert not alt_text.axes[0].yaxis.label.get_parse_math()


def test_hostile_labels_are_drawn_on_one_line() -> None:
    drawing = pictures.label_counts(
        pd.DataFrame({"label": ["a\x00\nb" + "c" * 300], "before": [1], "after": [2]})
    )
    drawing.canvas.draw()
    assert cut(drawing) == []
    assert any(text.startswith("a� bccc") and "…" in text for text in texts(drawing))


def test_a_notebook_gets_a_sharp_picture_of_the_right_size() -> None:
    from IPython.core.formatters import DisplayFormatter

    data, metadata = DisplayFormatter().format(pictures.rates(examples.rates()))
    assert data["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["width"] == 900
    assert "explanation: 42.0 %" in metadata["image/png"]["alt"]
