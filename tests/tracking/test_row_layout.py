"""A layout names the file and position of each row, and the layout of a new dataset takes over those of its sources."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from veritrain_lib.tracking.row_layout import Layout, Part, arrange

FIRST, SECOND = Part("run1", "digest1"), Part("run2", "digest2", ("scores",))
LAYOUT = Layout(("id", "scores"), (FIRST, SECOND), ((0, 4, 2), (1, 0, 1), (0, 0, 1)))


def rows(*ids: str) -> pd.DataFrame:
    return pd.DataFrame({"id": list(ids), "scores": None})


def test_a_layout_comes_back_from_its_file_and_places_each_row() -> None:
    assert Layout.of_json(json.loads(json.dumps(LAYOUT.as_json()))) == LAYOUT
    assert list(LAYOUT.locations()) == [(FIRST, 4), (FIRST, 5), (SECOND, 0), (FIRST, 0)]


def test_rows_of_a_source_keep_their_places_and_new_ones_go_to_the_own_file() -> None:
    source = (rows("a", "b", "c", "d"), LAYOUT)
    found = arrange(rows("b", "x", "y", "d", "c", "a", "x"), [source])
    assert found.known == (FIRST, SECOND)
    assert found.own == (1, 2)
    # The own file is number 2: it follows the two that are there.
    assert found.spans == ((0, 5, 1), (2, 0, 2), (0, 0, 1), (1, 0, 1), (0, 4, 1), (2, 0, 1))


def test_a_file_of_which_no_row_is_kept_is_not_named() -> None:
    found = arrange(rows("c"), [(rows("a", "b", "c", "d"), LAYOUT)])
    assert (found.known, found.spans, found.own) == ((SECOND,), ((0, 0, 1),), ())


def test_the_first_source_that_holds_a_row_decides() -> None:
    draft = (rows("a"), Layout(("id", "scores"), (SECOND,), ((0, 7, 1),)))
    assert arrange(rows("a"), [draft, (rows("a", "b", "c", "d"), LAYOUT)]).spans == ((0, 7, 1),)


@pytest.mark.parametrize(
    "change",
    [{"spans": [[2, 0, 1]]}, {"parts": [{"run": "run1"}]}, {"columns": None}, {"spans": [["a", 0, 1]]}],
)
def test_what_is_no_layout_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Layout.of_json({**LAYOUT.as_json(), **change})
