"""Files of rows as users bring them: read as they are meant, or refused with the row that is wrong."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pandas as pd
import pytest

from veritrain_lib.core.errors import UserError
from veritrain_lib.reading.fault import FileFault
from veritrain_lib.reading.files import read_bytes
from veritrain_lib.reading.table import Limits

ROWS = [{"text": "wo ist, mein Paket", "label": "delivery"}, {"text": "was 1+1", "label": "refund"}]


def workbook(rows: list[list[Any]], *more: list[list[Any]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    for number, sheet in enumerate([rows, *more]):
        page = book.active if not number else book.create_sheet()
        assert page is not None
        for row in sheet:
            page.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def parquet(frame: pd.DataFrame) -> bytes:
    return frame.to_parquet()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b'text,label\n"wo ist, mein Paket",delivery\nwas 1+1,refund\n'),
        ("a.csv", b"text;label\r\nwo ist, mein Paket;delivery\r\nwas 1+1;refund\r\n"),
        ("a.csv", b"text\tlabel\nwo ist, mein Paket\tdelivery\nwas 1+1\trefund\n"),
        ("a.csv", b"text|label\nwo ist, mein Paket|delivery\nwas 1+1|refund\n"),
        ("a.csv", b"sep=;\ntext;label\nwo ist, mein Paket;delivery\nwas 1+1;refund\n"),
        ("a.tsv", b"text\tlabel\nwo ist, mein Paket\tdelivery\nwas 1+1\trefund\n"),
        ("a.csv", "\ufeff\ufefftext;label\nwo ist, mein Paket;delivery\nwas 1+1;refund\n".encode()),
        ("a.csv", "text\tlabel\nwo ist, mein Paket\tdelivery\nwas 1+1\trefund\n".encode("utf-16")),
        ("a.csv", b" text ;label;;\nwo ist, mein Paket;delivery;;\n\nwas 1+1;refund;;\n"),
        ("a.jsonl", "\n\n".join(map(json.dumps, ROWS)).encode()),
        ("a.ndjson", "\r\n".join(map(json.dumps, ROWS)).encode()),
        ("a.json", json.dumps(ROWS, indent=1).encode("utf-8-sig")),
        ("a.jsonl", json.dumps(ROWS).encode()),
        ("a.xlsx", workbook([["text", "label", None], ["wo ist, mein Paket", "delivery"], [], ["was 1+1", "refund"]])),
        ("a.parquet", parquet(pd.DataFrame(ROWS))),
    ],
    ids=["comma", "semicolon", "tab", "bar", "declared", "tsv", "two marks", "utf-16", "unnamed columns", "lines",
         "ndjson", "array", "array in jsonl", "excel", "parquet"],
)  # fmt: skip
def test_every_format_gives_the_same_rows(name: str, content: bytes) -> None:
    table = read_bytes(name, content)
    assert table.records == ROWS
    assert list(table.numbers) == [1, 2]
    assert table.frame().to_dict("records") == ROWS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"text;label\na;b\n", "the separator is a semicolon"),
        ("text\nhi\n".encode("utf-16"), "read as UTF-16"),
        ("\ufeff\ufefftext\nhi\n".encode(), "more than one byte order mark"),
    ],
)
def test_what_was_found_is_said(content: bytes, said: str) -> None:
    assert any(said in note for note in read_bytes("a.csv", content).notes)


def test_a_text_with_other_marks_in_it_is_still_separated_by_commas() -> None:
    table = read_bytes("a.csv", b'text,label\na; b; c,x\n"one, two; three",y\n')
    assert (table.columns, table.notes) == (["text", "label"], [])


@pytest.mark.parametrize("length", [131_073, 1_000_000])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.xlsx"])
def test_long_cells_are_read(name: str, length: int) -> None:
    length = min(length, 32_767) if name == "a.xlsx" else length  # Excel's own bound
    text = "x" * length
    content = {
        "a.csv": f"text\n{text}\n".encode(),
        "a.jsonl": json.dumps({"text": text}).encode(),
        "a.xlsx": workbook([["text"], [text]]),
    }[name]
    assert len(read_bytes(name, content).rows[0][0]) == length


def deep(levels: int) -> str:
    return '{"a": ' * levels + "1" + "}" * levels


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"text,label\nhalf\nof it,x\nwhole,y\n", r"2 rows are wrong: row 1 \(line 2\): 1 cell under 2 columns; "
         r"row 2 \(line 3\): follows a row that ends early.*Put quotes around"),
        ("a.csv", b"a,b,c\n1,2,3\n1,2\n", r"a.csv row 2 \(line 3\): 2 cells under 3 columns"),
        ("a.csv", b"a,b\n" + b"1,2,3\n" * 30, r"30 rows are wrong: .*and 25 more"),
        ("a.csv", b'a,b\n"x"y,z\n', r"row 1 \(line 2\): .*must be doubled"),
        ("a.csv", b'a,b\n1,2\n"x,z\n', r"row 2 \(line 3\): .*never closes"),
        ("a.csv", b"a,b\n1,\x002\n", r"line 2 holds a zero byte"),
        ("a.csv", "text\nを送る\n".encode("cp932"), r"not UTF-8 .*may be CP932: iconv -f CP932"),
        ("a.csv", "text\ncafé\n".encode("cp1252"), r"not UTF-8 \(byte 8, line 2\).*may be CP1252"),
        ("a.csv", "a,b\n".encode("utf-16")[:-1], r"is not UTF-16"),
        ("a.csv", workbook([["a"]]), r"is a zip archive .*despite its name"),
        ("a.xlsx", b"a,b\n", r"not an .xlsx workbook"),
        ("a.xlsx", b"PK\x03\x04nothing", r"not a readable workbook"),
        ("a.xlsx", workbook([["a", "a"], [1, 2]]), r"names a column twice: 'a'"),
        ("a.xlsx", workbook([["a"], ["#REF!"]]), r"row 1: the cell under 'a' holds Excel's error #REF!"),
        ("a.parquet", b"PAR1nothing", r"not a readable Parquet file"),
        ("a.parquet", parquet(pd.DataFrame({"a": [b"1"]})), r"'a' holds bytes"),
        ("a.doc", b"", r"\.doc can't be read; allowed: \.csv"),
        ("a.jsonl", deep(3_000).encode(), r"row 1: is nested too deeply"),
        ("a.jsonl", deep(20).encode(), r"row 1: 'a' is nested more than 8 deep"),
        ("a.jsonl", b'{"a": 1}\n{"a": ' + b"1" * 5_000 + b"}", r"row 2: holds a number of more than 4300 digits"),
        ("a.jsonl", b'{"a": NaN}', r"row 1: holds NaN, which is not valid JSON"),
        ("a.jsonl", b'{"a": 1e999}', r"row 1: holds the number 1e999, which is too large"),
        ("a.jsonl", b'{"a": 1, "a": 2}', r"row 1: holds the key 'a' twice"),
        ("a.jsonl", b'{"a": "\\u0000"}', r"row 1: 'a' holds a zero byte"),
        ("a.jsonl", b'{"a": "\\ud800"}', r"row 1: 'a' holds half a character"),
        ("a.jsonl", b'{"a": "\\udc00"}', r"row 1: 'a' holds half a character"),
        ("a.jsonl", b'{\n"a": 1,\n"b": 2\n}', r"one JSON object \(with the keys 'a', 'b'\)"),
        ("a.json", b'[{"a": 1},\n{"a": NaN},\n{"a": 1, "a": 2}]', r"2 rows are wrong: row 2: holds NaN.*row 3: holds the key"),
        ("a.json", b'[{"a": 1},\n{"a": }]', r"row 2: is not valid JSON"),
        ("a.json", b'[{"a": 1}', r"a.json is not valid JSON"),
    ],
)  # fmt: skip
def test_what_cant_be_read_is_refused_with_row_and_remedy(name: str, content: bytes, said: str) -> None:
    with pytest.raises(FileFault, match=said) as refused:
        read_bytes(name, content)
    assert refused.value.exit_code == 2


def test_broken_rows_are_left_out_where_the_caller_wants_it() -> None:
    table = read_bytes("a.csv", b"text,label\na,x\nhalf\nof it,x\nb,y\n", skip_broken=True)
    assert [row[0] for row in table.rows] == ["a", "b"]
    assert list(table.numbers) == [1, 4]
    assert [fault.row for fault in table.skipped] == [2, 3]


def test_without_a_header_the_first_row_is_a_row() -> None:
    table = read_bytes("a.csv", b"hello,greeting\nbye,greeting\n", header=False)
    assert table.columns == ["column_1", "column_2"]
    assert len(table.rows) == 2


def test_numbers_dates_and_lists_of_packed_files_become_texts() -> None:
    import datetime as dt

    sheet = workbook([["n", "x", "d", "b"], [3.0, 1.5, dt.datetime(2026, 3, 1), True]], [["other"]])
    read = read_bytes("a.xlsx", sheet)
    assert read.rows[0] == ["3", "1.5", "2026-03-01", "true"]
    assert "sheet 'Sheet' is read; 1 more are not" in read.notes[0]
    frame = pd.DataFrame({"n": [1, 2], "x": [0.5, float("nan")], "l": [["a"], []]})
    assert [list(row) for row in read_bytes("a.parquet", parquet(frame)).rows] == [
        ["1", "0.5", '["a"]'],
        ["2", "", "[]"],
    ]


@pytest.mark.parametrize("kind", ["binary", "large binary", "fixed-size binary"])
def test_a_parquet_column_of_bytes_is_refused(kind: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"binary": pa.binary(), "large binary": pa.large_binary(), "fixed-size binary": pa.binary(2)}
    content = io.BytesIO()
    pq.write_table(pa.table({"text": ["x"], "raw": pa.array([b"ab"], types[kind])}), content)
    with pytest.raises(FileFault, match=r"'raw' holds bytes"):
        read_bytes("a.parquet", content.getvalue())


def test_small_files_that_unfold_to_large_ones_are_refused() -> None:
    small = Limits(unpacked=1_000_000)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 2_000_000)
    with pytest.raises(UserError, match="unpacks to 2 MB in 1 parts"):
        read_bytes("a.xlsx", bomb.getvalue(), small)
    same = parquet(pd.DataFrame({"text": ["x" * 10_000] * 1_000}))
    assert len(same) < 100_000
    with pytest.raises(UserError, match="unpacks to more than 1 MB"):
        read_bytes("a.parquet", same, small)


def test_a_sheet_that_claims_a_document_type_is_refused() -> None:
    with zipfile.ZipFile(io.BytesIO(workbook([["a"], ["b"]]))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/sharedStrings.xml"] = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><sst/>'
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(UserError, match="has a document type"):
        read_bytes("a.xlsx", made.getvalue())
