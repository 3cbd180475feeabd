"""Digests name content: equal content has one name, other content another."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from veritrain_lib.core import digest


def test_the_digest_of_json_is_sha256_of_its_canonical_text() -> None:
    assert digest.of_json({"b": 1, "a": "é"}) == hashlib.sha256('{"a":"é","b":1}'.encode()).hexdigest()


def test_key_order_does_not_matter_but_list_order_does() -> None:
    assert digest.of_json({"a": 1, "b": 2}) == digest.of_json({"b": 2, "a": 1})
    assert digest.of_json([1, 2]) != digest.of_json([2, 1])


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"\x00\xff\r\n")
    assert digest.of_file(file) == hashlib.sha256(b"\x00\xff\r\n").hexdigest()


def test_an_example_is_named_by_its_input_in_16_hex_digits() -> None:
    name = digest.of_example({"text": "hello"})
    assert len(name) == 16
    assert int(name, 16) >= 0
    assert name == digest.of_example({"text": "hello"})
    assert name != digest.of_example({"text": "hello "})
    assert name != digest.of_example({"body": "hello"})


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame({"text": ["a", "b"], "label": ["x", None]})


def test_the_index_of_rows_does_not_count(rows: pd.DataFrame) -> None:
    assert digest.of_rows(rows) == digest.of_rows(rows.set_axis([7, 9]))


def test_a_missing_value_is_the_same_however_pandas_writes_it(rows: pd.DataFrame) -> None:
    assert digest.of_rows(rows) == digest.of_rows(rows.assign(label=["x", float("nan")]))


@pytest.mark.parametrize("change", ["value", "order", "column name", "column order", "one row less"])
def test_every_change_of_rows_changes_their_digest(rows: pd.DataFrame, change: str) -> None:
    other = {
        "value": rows.assign(text=["a", "c"]),
        "order": rows.iloc[::-1],
        "column name": rows.rename(columns={"text": "body"}),
        "column order": rows[["label", "text"]],
        "one row less": rows.iloc[:1],
    }[change]
    assert digest.of_rows(other) != digest.of_rows(rows)


def test_rows_without_any_row_are_named_by_their_columns() -> None:
    empty = pd.DataFrame(columns=["a"])
    assert digest.of_rows(empty) == digest.of_rows(pd.DataFrame({"a": []}))
    assert digest.of_rows(empty) != digest.of_rows(pd.DataFrame(columns=["b"]))


def test_the_code_has_one_digest() -> None:
    assert digest.of_code() == digest.of_code()
    assert len(digest.of_code()) == 64
