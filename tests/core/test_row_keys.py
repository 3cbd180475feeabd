"""Two rows have one key exactly when they agree in every column."""

from __future__ import annotations

import pandas as pd

from veritrain_lib.core.row_keys import row_keys, values_of


def test_rows_are_the_same_only_if_every_column_is() -> None:
    rows = pd.DataFrame({"id": ["1", "1", "1"], "label": ["a", "b", "a"]})
    first, second, third = row_keys(rows, ["id", "label"])
    assert first == third != second
    assert row_keys(rows, ["id"])[0] == row_keys(rows, ["id"])[1]


def test_a_missing_column_and_a_missing_value_are_the_same_and_an_empty_text_is_not() -> None:
    rows = pd.DataFrame({"id": ["1", "2", "3"], "scene": ["", None, float("nan")]})
    with_column, without = row_keys(rows, ["id", "scene"]), row_keys(rows[["id"]], ["id", "scene"])
    assert [one == other for one, other in zip(with_column, without, strict=True)] == [False, True, True]


def test_a_number_or_a_list_is_not_the_text_that_looks_like_it() -> None:
    rows = pd.DataFrame({"value": ["1", 1, 1.0, True, "[1]", [1]]}, dtype=object)
    assert len(set(row_keys(rows, ["value"]))) == 6


def test_any_missing_value_is_none() -> None:
    assert values_of(pd.DataFrame({"a": pd.Series(["x", None], dtype="str")}), "a") == ["x", None]
    assert values_of(pd.DataFrame({"a": [1.5, float("nan")]}), "a") == [1.5, None]


def test_no_columns_make_equal_rows() -> None:
    assert row_keys(pd.DataFrame({"a": [1, 2]}), []) == [(), ()]
