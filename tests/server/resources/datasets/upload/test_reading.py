"""An uploaded file as a table: what can't be read, is too large or is no table is refused with its reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from veritrain_lib.core.errors import UserError
from veritrain_lib.server.resources.datasets.upload.reading import display_name, read_upload


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.csv", "text,label\n", "has no rows"),
        ("rows.csv", "", "has no rows"),
        ("rows.csv", "text,text\na,b\n", "names a column twice"),
        ("rows.csv", "text,label\n".encode("utf-16")[:-1], "is not UTF-16"),
        ("rows.csv", "text,label\ncafé,parcel".encode("latin-1"), "is not UTF-8 (byte 14, line 2)"),
        ("rows.csv", ",".join(f"c{n}" for n in range(1_000_000)) + "\n", "1000000 columns; at most 200"),
        ("rows.json", json.dumps([{f"c{n}": "" for n in range(1_000)}]), "1000 keys; at most 200"),
        ("rows.json", "[" * 100_000, "nested too deeply"),
        ("rows.jsonl", '{"text": ' + "[" * 100_000 + "}", "row 1: is nested too deeply"),
        ("rows.json", json.dumps([{"text": [[[[[[[[[[1]]]]]]]]]], "label": "parcel"}]), "nested more than 8 deep"),
        ("rows.json", '[{"text": "\\ud800", "label": "parcel"}]', "half a character"),
        ("rows.json", '[{"text": 1' + "0" * 5000 + ', "label": "parcel"}]', "row 1: holds a number of more than 4300 digits"),
        ("rows.json", "[1, 2]", "row 1: must be a JSON object, not int"),
        ("rows.json", "nonsense", "is not valid JSON"),
        ("rows.csv", 'text,label\n"never closed,parcel\n', "row 1 (line 2): a quote that opens here never closes"),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_read_is_refused_with_its_reason(
    name: str, content: str | bytes, said: str
) -> None:
    with pytest.raises(UserError) as refused:
        read_upload(name, content if isinstance(content, bytes) else content.encode())
    assert said in str(refused.value)


def test_every_wrong_row_is_counted_and_the_first_are_named() -> None:
    with pytest.raises(UserError, match=r"30 rows are wrong: row 1: .*and 25 more") as refused:
        read_upload("rows.json", json.dumps([1] * 30).encode())
    found: Any = refused.value
    assert [one.field for one in found.errors] == [f"file.rows.{number}" for number in range(1, 21)]


def test_values_that_are_no_text_become_text() -> None:
    table = read_upload("a.jsonl", '{"a": 1, "b": null, "c": ["日本"]}\n{"d": true}'.encode())
    assert table.columns == ["a", "b", "c", "d"]
    assert table.records == [
        {"a": "1", "b": "", "c": '["日本"]', "d": ""},
        {"a": "", "b": "", "c": "", "d": "true"},
    ]


def test_quoted_line_ends_and_a_byte_order_mark_are_understood() -> None:
    table = read_upload("a.csv", '\ufefftext,label\r\n"two\r\nlines",x\r\n\r\nshort,\r\n'.encode())
    assert table.records == [{"text": "two\r\nlines", "label": "x"}, {"text": "short", "label": ""}]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../x.csv", "x.csv"), ("..\\..\\x.csv", "x.csv"), ("C:\\Users\\x.csv", "x.csv"), ("...", "upload"),
        ("", "upload"), ("<b>x</b>.csv", "b.csv"), ("表\u0000.csv", "表.csv"), ("a" * 500 + ".csv", "a" * 116 + ".csv"),
    ],
)  # fmt: skip
def test_a_name_is_shown_and_is_no_path(given: str, shown: str) -> None:
    assert display_name(given) == shown
