import numpy as np

from tests.reporting.pictures.examples import plan as frame
from tests.reporting.pictures.looking import texts
from veritrain_lib.reporting.pictures import plan


def test_errors_and_rows_of_a_slice_stand_side_by_side() -> None:
    why, much = plan(frame(3)).axes
    names = [label.get_text() for label in why.get_yticklabels()]
    assert names[-1].endswith("billing_address_change_2")
    assert np.allclose(why.lines[0].get_xdata(), [0.05, 0.225, 0.4])
    assert [bar.get_width() for bar in much.patches] == [0, 5, 10]
    assert why.get_ylim() == much.get_ylim()


def test_slices_left_out_are_counted_with_their_rows() -> None:
    drawn = texts(plan(frame(30), show=28))
    assert "2 more slices (5 rows) left out" in drawn
    assert "145 (7 %)" in drawn
