"""Files of users: read as they are meant, or refused with the row that is wrong."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from tests.small_task import write_task
from veritrain_lib.core.digest import of_example
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import read_examples, read_table
from veritrain_lib.core.task import Task, load_task

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
SPECTRUM = SHARED / "csv_spectrum"
NAUGHTY = SHARED / "naughty_strings" / "blns.json"

spectrum = pytest.mark.skipif(not SPECTRUM.is_dir(), reason=f"no csv-spectrum at {SPECTRUM}")
naughty = pytest.mark.skipif(not NAUGHTY.is_file(), reason=f"no naughty strings at {NAUGHTY}")


def _spectrum_names() -> list[str]:
    return sorted(file.stem for file in SPECTRUM.glob("csvs/*.csv")) or ["simple"]


def _written(folder: Path, name: str, content: bytes | str) -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@spectrum
@pytest.mark.parametrize("name", _spectrum_names())
def test_csv_spectrum_is_read_as_its_authors_say(name: str, tmp_path: Path) -> None:
    expected = json.loads((SPECTRUM / "json" / f"{name}.json").read_text(encoding="utf-8"))
    content = (SPECTRUM / "csvs" / f"{name}.csv").read_bytes()
    if name.endswith("_crlf"):
        # A checkout may have turned the line ends, which are the point of these files.
        content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert read_table(_written(tmp_path, f"{name}.csv", content)).to_dict("records") == expected


@naughty
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_naughty_strings_come_back_as_they_were_written(tmp_path: Path, suffix: str) -> None:
    strings = json.loads(NAUGHTY.read_text(encoding="utf-8"))
    file = tmp_path / f"rows{suffix}"
    with file.open("w", encoding="utf-8", newline="") as out:
        if suffix == ".csv":
            csv.writer(out).writerows([["text", "n"], *([text, str(n)] for n, text in enumerate(strings))])
        else:
            out.writelines(
                json.dumps({"text": text, "n": n}, ensure_ascii=False) + "\n"
                for n, text in enumerate(strings)
            )
    read = read_table(file)
    assert read["text"].tolist() == strings
    assert read["n"].tolist() == [str(n) for n in range(len(strings))]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    assert list(read_table(_written(tmp_path, "a.csv", b"\xef\xbb\xbftext\nhi\n")).columns) == ["text"]


def test_absent_values_are_empty_text(tmp_path: Path) -> None:
    table = read_table(
        _written(tmp_path, "a.jsonl", '{"a": "x", "b": null}\n\n{"b": 1.50}\n{"a": ["é", 1]}\n')
    )
    assert table.to_dict("list") == {"a": ["x", "", '["é", 1]'], "b": ["", "1.5", ""]}


def test_text_that_looks_like_a_number_or_nothing_stays_text(tmp_path: Path) -> None:
    table = read_table(_written(tmp_path, "a.csv", "a\n007\nNA\nnull\n1e5\n"))
    assert table["a"].tolist() == ["007", "NA", "null", "1e5"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xls", b"", r"\.xls can't be read; allowed: \.csv, \.tsv"),
        ("a", b"", r"no suffix can't be read"),
        ("a.csv", b"text\ncaf\xe9\n", r"not UTF-8 \(byte 8, line 2\); save it as UTF-8"),
        ("a.csv", b"a,a\n1,2\n", r"names a column twice"),
        ("a.csv", b"a,b\n1,2\n1,2,3\n", r"row 2 \(line 3\): 3 cells under 2 columns"),
        ("a.csv", b'a,b\n1,"open\n', r"row 1 \(line 2\): a quote that opens here never closes"),
        ("a.jsonl", b'{"a": 1}\n{"a": \n', r"row 2: is not valid JSON"),
        ("a.jsonl", b"[1]\n", r"row 1: must be a JSON object, not int"),
    ],
)
def test_a_file_that_cant_be_read_is_refused_with_the_place(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        read_table(_written(tmp_path, name, content))


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_an_empty_file_has_no_rows(tmp_path: Path, name: str) -> None:
    assert len(read_table(_written(tmp_path, name, ""))) == 0


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return load_task(write_task(tmp_path / "task"))


def test_examples_have_the_columns_every_room_works_on(task: Task, tmp_path: Path) -> None:
    rows = read_examples(task, _written(tmp_path, "a.csv", "extra,label,text\nz,refund,money\n"), "human")
    assert list(rows.columns) == ["id", "text", "label", "source", "provenance"]
    row = rows.iloc[0]
    assert row["id"] == of_example({"text": "money"})
    assert (row["text"], row["label"], row["source"]) == ("money", "refund", "human")
    assert json.loads(row["provenance"]) == {"file": "a.csv", "row": 1}


def test_a_pool_hides_its_answers_even_wrong_ones(task: Task, tmp_path: Path) -> None:
    rows = read_examples(
        task, _written(tmp_path, "a.csv", "text,label\nx,refund\ny,no_such\n"), "pool", answers=False
    )
    assert rows["label"].tolist() == ["", ""]
    assert "no_such" not in rows.to_csv()


def test_a_pool_needs_no_answer_column(task: Task, tmp_path: Path) -> None:
    rows: pd.DataFrame = read_examples(task, _written(tmp_path, "a.csv", "text\nx\n"), "pool", answers=False)
    assert rows["label"].tolist() == [""]


def test_wrong_labels_are_refused_with_their_rows(task: Task, tmp_path: Path) -> None:
    file = _written(tmp_path, "a.csv", "text,label\na,refund\nb,refnd\nc,\nd,Refund\n")
    with pytest.raises(
        UserError,
        match=r"2 label\(s\) that the task does not list: row 2: 'refnd'; row 4: 'Refund' \(differs from 'refund' only by case\). Allowed: delivery",
    ):
        read_examples(task, file, "human")


def test_a_missing_column_is_refused_with_those_there_are(task: Task, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"lacks the column\(s\) text, label; it has: body"):
        read_examples(task, _written(tmp_path, "a.csv", "body\nx\n"), "human")


def test_half_a_character_in_json_is_refused_with_its_line(task: Task, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="row 1: 'text' holds half a character"):
        read_examples(
            task, _written(tmp_path, "a.jsonl", '{"text": "\\ud800", "label": "refund"}\n'), "human"
        )
