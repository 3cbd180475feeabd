import numpy as np
import pandas as pd
import pytest

from veritrain_lib.reporting.cells import MAX_CHARACTERS, clean, to_grid, truncate


def column(values: list, **kwargs: object) -> list[str]:
    grid = to_grid(pd.DataFrame({"a": pd.Series(values, **kwargs)}))
    return [row[0] for row in grid.rows]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1, 20, 1234567], ["1", "20", "1,234,567"]),
        ([0.5, 1.0], ["0.500", "1.000"]),
        ([12.345, 3.0], ["12.35", "3.00"]),
        ([0.05, 0.00002], ["0.0500", "2.0e-05"]),
        ([0.5, float("nan"), float("inf")], ["0.500", "–", "∞"]),
        ([3.0, float("nan")], ["3", "–"]),
    ],
)
def test_points_of_a_column_stand_under_each_other(values: list, texts: list[str]) -> None:
    assert column(values) == texts
    assert to_grid(pd.DataFrame({"a": values})).numeric == (True,)


def test_numbers_of_numpy_and_of_pandas_are_numbers() -> None:
    assert column([np.float32(0.5), np.int64(2), None], dtype=object) == ["0.500", "2.000", "–"]
    assert column([1, None, 3], dtype="Int64") == ["1", "–", "3"]


def test_yes_and_no_are_no_numbers() -> None:
    grid = to_grid(pd.DataFrame({"promoted": [True, False]}))
    assert [row[0] for row in grid.rows] == ["yes", "no"]
    assert grid.numeric == (False,)


def test_a_large_whole_number_keeps_every_digit() -> None:
    assert column([2**60, 1]) == ["1,152,921,504,606,846,976", "1"]


def test_lists_and_complex_numbers_are_shown_as_text() -> None:
    assert column([{"k": "ü"}, [1, 2]], dtype=object) == ['{"k": "ü"}', "[1, 2]"]
    assert column([1 + 2j]) == ["(1+2j)"]


def test_rows_beyond_the_limit_are_counted() -> None:
    frame = pd.DataFrame({"a": range(53)})
    assert (len(to_grid(frame).rows), to_grid(frame).remark) == (50, "3 more rows not shown")
    assert to_grid(frame, 52).remark == "1 more row not shown"
    assert to_grid(frame, 53).remark == ""


def test_an_index_with_meaning_is_shown_and_a_plain_count_is_not() -> None:
    frame = pd.DataFrame(
        {("a", "x"): [0.5]}, index=pd.MultiIndex.from_tuples([("p", 1)], names=["label", None])
    )
    grid = to_grid(frame)
    assert grid.header == ("label", "", "a / x")
    assert grid.rows == (("p", "1", "0.500"),)
    assert to_grid(pd.DataFrame({"a": [1]})).header == ("a",)


def test_two_columns_of_one_name_keep_their_own_values() -> None:
    assert to_grid(pd.DataFrame([[1, 2]], columns=["a", "a"])).rows == (("1", "2"),)


def test_a_frame_without_columns_or_rows_is_laid_out_too() -> None:
    assert to_grid(pd.DataFrame()).rows == ()
    assert to_grid(pd.DataFrame({"a": []})).header == ("a",)


def test_a_long_text_says_how_much_is_cut() -> None:
    text = truncate("x" * (MAX_CHARACTERS + 1234))
    assert text == "x" * MAX_CHARACTERS + "… (+1,234 characters)"


def test_a_text_of_many_lines_is_run_together() -> None:
    assert truncate("a\n" * 20) == " ".join("a" * 20)
    assert truncate("a\nb") == "a\nb"


def test_characters_that_no_page_can_show_are_marked() -> None:
    assert clean("a\x00b\x1b[31m\ud800 c\r\nd\te") == "a�b�[31m� c\nd\te"
    assert clean("日本語 😀 é") == "日本語 😀 é"


def test_rows_that_are_quantities_of_their_own_keep_their_own_digits() -> None:
    frame = pd.DataFrame(
        {"name": ["rate", "seconds"], "value": [0.6312, 211.456], "low": [0.5, None], "n": [60, None]}
    )
    assert to_grid(frame).rows == (("rate", "0.6", "0.500", "60"), ("seconds", "211.5", "–", "–"))
    by_row = to_grid(frame, by_row=True).rows
    assert by_row == (("rate", "0.631", "0.500", "60"), ("seconds", "211.5", "–", "–"))
