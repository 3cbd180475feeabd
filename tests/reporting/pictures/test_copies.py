import pandas as pd

from tests.reporting.pictures.examples import copies
from tests.reporting.pictures.looking import texts
from veritrain_lib.reporting import pictures


def test_bars_count_the_copies_of_each_kind_and_the_largest_group_is_on_top() -> None:
    axes = pictures.copies(copies(3)).axes[0]
    bars = {handle.get_label(): [bar.get_width() for bar in handle.patches] for handle in axes.containers}
    assert bars == {"exact_duplicate": [0, 1, 2], "near_duplicate": [1, 3, 2]}
    assert [text.get_text().strip() for text in axes.texts] == ["1", "4", "4"]


def test_the_text_that_stays_names_the_bar_and_smaller_groups_are_counted() -> None:
    said = texts(pictures.copies(copies(20), show=5))
    assert "15 smaller groups are left out" in said
    assert any(text.startswith("invoice missing please") for text in said)


def test_a_message_whose_row_is_elsewhere_is_said_to_be() -> None:
    frame = pd.DataFrame([{"group": 1, "text": None, "kind": "exact_duplicate", "copies": 2}])
    assert "(not among these rows)" in texts(pictures.copies(frame))
