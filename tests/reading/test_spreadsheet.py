"""Files for spreadsheets come back as they were written."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from veritrain_lib.reading.files import read_file
from veritrain_lib.reading.spreadsheet import (
    escape_formula,
    unescape_formula,
    unescape_table,
    write_spreadsheet,
)


@given(st.text(alphabet="'=+-@\t\rab"))
def test_a_guarded_text_is_no_formula_and_comes_back(text: str) -> None:
    assert escape_formula(text)[:1] not in ("=", "+", "-", "@", "\t", "\r")
    assert unescape_formula(escape_formula(text)) == text


def test_a_table_comes_back_with_ids_that_are_no_numbers(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"id": ["1234567890123456", "12e4567890123456"], "text": ["=HYPERLINK(1)", "'tis +1"]}
    )
    file = tmp_path / "labels.csv"
    write_spreadsheet(table, file)
    content = file.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"row-1234567890123456,'=HYPERLINK(1)" in content
    assert unescape_table(read_file(file).frame()).equals(table.astype(str))
