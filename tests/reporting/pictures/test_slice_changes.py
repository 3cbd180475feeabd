import numpy as np

from tests.reporting.pictures.examples import slices
from tests.reporting.pictures.looking import texts
from veritrain_lib.reporting.pictures import slice_changes
from veritrain_lib.reporting.pictures.slice_changes import MARKER_STYLES


def test_the_most_changed_are_shown_and_the_rest_is_counted() -> None:
    drawing = slice_changes(slices(40), show=25)
    names = [label for label in texts(drawing) if "(n=" in label]
    assert len(names) == 25
    assert "15 less changed slices are left out" in texts(drawing)
    # The largest gain is the last row of the frame.
    assert names[-1].endswith("_39  (n=44)")


def test_a_worse_slice_is_shown_even_where_others_changed_more() -> None:
    frame = slices(40)
    frame["verdict"] = "not worse"
    smallest = frame["difference"].abs().idxmin()
    frame.loc[smallest, "verdict"] = "worse"
    names = [label for label in texts(slice_changes(frame, show=3)) if "(n=" in label]
    assert any(label.endswith(f"_{smallest}  (n={5 + smallest})") for label in names)


def test_interval_dot_and_scores_stand_on_the_line_of_their_slice() -> None:
    frame = slices(4)
    drawing = slice_changes(frame)
    axes = drawing.axes[0]
    middles = sorted(
        float(x) for line in axes.lines for x in line.get_xdata() if line.get_label() in MARKER_STYLES
    )
    assert np.allclose(middles, frame["difference"])
    ends = sorted(segment[0][0] for part in axes.collections for segment in part.get_segments())
    assert np.allclose(ends, frame["low"])
    assert "0.60 → 0.90" in texts(drawing)


def test_verdicts_differ_in_shape_as_well_as_in_colour() -> None:
    assert len({shape for _, shape in MARKER_STYLES.values()}) == len(MARKER_STYLES)
    assert len({colour for colour, _ in MARKER_STYLES.values()}) == len(MARKER_STYLES)


def test_an_unknown_verdict_is_drawn_and_named() -> None:
    frame = slices(2).assign(verdict=["puzzling", "worse"])
    assert {"puzzling", "worse"} <= set(texts(slice_changes(frame)))


def test_slices_without_rows_are_counted() -> None:
    frame = slices(5)
    frame.loc[2, ["champion", "challenger", "difference", "low", "high"]] = None
    assert "1 slice has no rows" in texts(slice_changes(frame))
