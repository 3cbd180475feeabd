"""An uploaded file as a table of texts: CSV, JSON Lines or a JSON array, UTF-8, told by content and name together.

Nothing is ever unpacked, so that a small file stays small, and the file's name is a name: no path is made of it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException

from veritrain_lib.server.api.problems import FieldError, WrongField, WrongFields

SUFFIXES = ("csv", "jsonl", "ndjson", "json")

MOST_COLUMNS, MOST_ROWS, DEEPEST = 200, 500_000, 8
"""Bounds of a table, and how deep a JSON value in a cell may be nested."""

SHOWN = 20
"""Wrong rows that an answer lists; the others are counted."""

SIGNATURES = {
    b"PK\x03\x04": "a zip archive (or .xlsx, .docx)", b"PK\x05\x06": "a zip archive", b"PK\x07\x08": "a zip archive",
    b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive", b"Rar!": "a rar archive", b"%PDF": "a PDF", b"PAR1": "Parquet",
    b"\xd0\xcf\x11\xe0": "an old Office file", b"\x89PNG": "a picture", b"\x7fELF": "a program", b"MZ\x90": "a program",
}  # fmt: skip
"""How files begin that are no text."""


@dataclass(frozen=True)
class Table:
    """Rows of texts under `columns`; `title` is the file's name without its suffix, fit to be shown."""

    title: str
    file: str
    columns: list[str]
    records: list[dict[str, str]]


def read_upload(name: str, content: bytes) -> Table:
    """The table in a file.

    Raises HTTPException 415 for another kind of file, whatever its name says; WrongField for text that is not
    UTF-8 or breaks off, and for more than `MOST_COLUMNS` or `MOST_ROWS`; WrongFields for wrong rows, by number.
    """
    shown = shown_name(name)
    suffix = shown.rpartition(".")[2].lower() if "." in shown else ""
    if suffix not in SUFFIXES:
        raise HTTPException(415, f"{shown}: only .csv, .jsonl, .ndjson and .json (UTF-8) are taken")
    for mark, kind in SIGNATURES.items():
        if content.startswith(mark):
            raise HTTPException(
                415, f"{shown} is {kind}, whatever its name; upload plain CSV or JSON in UTF-8"
            )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongField("file", f"{shown} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    if "\x00" in text:
        raise HTTPException(415, f"{shown} holds zero bytes: it is no text")
    if suffix == "csv":
        columns, records = _csv(text)
    else:
        records = _json(text, shown)
        columns = list(dict.fromkeys(key for record in records for key in record))
        _few_enough(len(columns))
    if not records:
        raise WrongField("file", f"{shown} holds no rows")
    title = shown.rpartition(".")[0] or shown
    return Table(title, shown, columns, records)


def shown_name(name: str) -> str:
    """The last part of a file's name, without what no page can show, at most 120 characters."""
    last = re.split(r"[\\/]", name)[-1]
    clean = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff<>]", "", last).strip().lstrip(".")
    return clean[-120:] or "upload"


def _few_enough(columns: int, rows: int = 0) -> None:
    if columns > MOST_COLUMNS:
        raise WrongField("file", f"{columns} columns; at most {MOST_COLUMNS} are taken")
    if rows > MOST_ROWS:
        raise WrongField("file", f"more than {MOST_ROWS} rows; split the file")


def _csv(text: str) -> tuple[list[str], list[dict[str, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    records: list[dict[str, str]] = []
    wrong: list[FieldError] = []
    number = 0
    try:
        for cells in reader:
            if not header:
                header = [cell.strip() for cell in cells]
                _few_enough(len(header))
                if len(set(header)) != len(header):
                    raise WrongField("file", "the header names a column twice")
                continue
            if not cells:
                continue
            number += 1
            if len(cells) > len(header):
                said = f"row {number}: {len(cells)} cells under {len(header)} columns; quote commas"
                wrong.append(FieldError(field=f"file.rows.{number}", message=said))
                continue
            records.append(dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=True)))
            _few_enough(0, number)
    except csv.Error as error:
        said = f"row {number + 1}: {error}"
        wrong.append(FieldError(field=f"file.rows.{number + 1}", message=said))
    refuse(wrong)
    return header, records


def _json(text: str, name: str) -> list[dict[str, str]]:
    if text.lstrip()[:1] == "[":
        try:
            values = _parsed(text)
        except ValueError as error:
            raise WrongField("file", f"{name} is no JSON: {error}") from error
        if not isinstance(values, list):  # pragma: no cover (it begins with a bracket)
            raise WrongField("file", f"{name} must hold an array of objects")
        numbered = list(enumerate(values, start=1))
        _few_enough(0, len(numbered))
        return _objects(numbered)
    numbered, wrong = [], []
    # JSON allows line separators such as U+2028 inside a string: split at line feeds only.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            numbered.append((number, _parsed(line)))
        except ValueError as error:
            wrong.append(FieldError(field=f"file.rows.{number}", message=f"row {number} is no JSON: {error}"))
        _few_enough(0, len(numbered) + len(wrong))
    refuse(wrong)
    return _objects(numbered)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _objects(numbered: list[tuple[int, Any]]) -> list[dict[str, str]]:
    records, wrong = [], []
    for number, value in numbered:
        said = _why_not(value)
        if said:
            wrong.append(FieldError(field=f"file.rows.{number}", message=f"row {number}: {said}"))
        else:
            records.append({key: _as_text(one) for key, one in value.items()})
    refuse(wrong)
    return records


def _why_not(value: Any) -> str:
    if not isinstance(value, dict):
        return f"must be a JSON object, not {type(value).__name__}"
    if len(value) > MOST_COLUMNS:
        return f"{len(value)} keys; at most {MOST_COLUMNS} are taken"
    if any(_deeper(one, DEEPEST) for one in value.values()):
        return f"a value is nested more than {DEEPEST} deep"
    if any(has_half_character(key) or has_half_character(_as_text(one)) for key, one in value.items()):
        return "half a character (a lone surrogate); mend the escape"
    if any("\x00" in key or "\x00" in _as_text(one) for key, one in value.items()):
        return "a zero byte"
    return ""


def _deeper(value: Any, than: int) -> bool:
    """Whether lists and objects stand in each other more than `than` times; looks no deeper."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return inner is not None and (than == 0 or any(_deeper(one, than - 1) for one in inner))


def has_half_character(text: str) -> bool:
    """Whether a text holds half a surrogate pair, which no UTF-8 can say."""
    return not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def refuse(wrong: list[FieldError]) -> None:
    """Raise WrongFields when anything is wrong: the first `SHOWN` by name, the others counted."""
    if wrong:
        more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        said = "; ".join(one.message for one in wrong[:5])
        raise WrongFields(f"{len(wrong)} row(s) are wrong: {said}{more}", wrong[:SHOWN])
