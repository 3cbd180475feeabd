"""Reader of Excel workbooks (.xlsx): the first sheet with values, as texts, within limits against zip bombs."""

from __future__ import annotations

import io
import itertools
import zipfile
from datetime import date, datetime, time
from typing import Any

from veritrain_lib.reading.fault import FileFault, RowFault, reject_rows
from veritrain_lib.reading.json_text import as_text
from veritrain_lib.reading.table import Limits, TextTable

MAX_ROWS = 1_048_576
"""Maximum number of rows of a sheet, which is Excel's own limit.

A sheet may claim to have more, and reading it would never end.
"""

MAX_PARTS = 2_000

ERROR_VALUES = frozenset(("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!"))
"""Texts that Excel shows in cells whose formula failed."""


def read_excel(
    name: str, content: bytes, limits: Limits, *, header: bool = True, skip_broken: bool = False
) -> TextTable:
    """Read the table in the first sheet of an Excel workbook that has values: the stored values, never formulas.

    Args:
        name: Name of the file, for messages.
        content: The bytes of the file.
        limits: Maximum size of the table and of the unpacked file.
        header: Whether the first row is a header; else the columns are called column_1, column_2, ...
        skip_broken: Whether rows with an Excel error value are left out and listed in `TextTable.skipped`, instead of
            raising an error.

    Raises:
        FileFault: The file is not a workbook, exceeds the limits, names a column twice, or has rows with an Excel error
            value such as #REF!.
    """
    _reject_bomb(name, content, limits)
    sheet, rows, other_sheets = _first_sheet(name, content, limits)
    width = max(map(len, rows), default=0)
    limits.check(name, width, len(rows))
    texts = [[_as_text(value) for value in row] + [""] * (width - len(row)) for row in rows]
    if not texts:
        return TextTable(name, [], [], [], [])
    from veritrain_lib.reading.delimited import named_columns, without_unnamed

    columns = (
        named_columns(name, texts[0]) if header else [f"column_{index}" for index in range(1, width + 1)]
    )
    data_rows = texts[1:] if header else texts
    faults = [
        RowFault(number, f"the cell under {columns[index]!r} holds Excel's error {cell}")
        for number, row in enumerate(data_rows, start=1)
        for index, cell in enumerate(row)
        if cell in ERROR_VALUES
    ]
    if not skip_broken:
        reject_rows(name, faults, "Fix the formula, or write the value")
    broken = {fault.row for fault in faults}
    kept = [(number, row) for number, row in enumerate(data_rows, start=1) if number not in broken]
    notes = [f"{name}: sheet {sheet!r} is read; {other_sheets} more are not"] if other_sheets else []
    return without_unnamed(
        TextTable(
            name, columns, [row for _, row in kept], [number for number, _ in kept], notes, faults, header
        )
    )


def _reject_bomb(name: str, content: bytes, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > MAX_PARTS or unpacked > limits.unpacked:
                raise FileFault(
                    f"{name} unpacks to {unpacked // 1_000_000} MB in {len(parts)} parts; at most "
                    f"{limits.unpacked // 1_000_000} MB in {MAX_PARTS} are allowed. Save the sheet as CSV (UTF-8)"
                )
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as stream:
                        if b"<!DOCTYPE" in stream.read(4096):
                            raise FileFault(
                                f"{name} is not an Excel workbook: {part.filename} has a document type",
                                kind="format",
                            )
    except FileFault:
        raise
    except Exception as error:
        raise FileFault(_unreadable_message(name, error), kind="format") from error


def _first_sheet(name: str, content: bytes, limits: Limits) -> tuple[str, list[tuple[Any, ...]], int]:
    """Return name and non-blank rows of the first sheet with values, and the number of other sheets with values."""
    import warnings

    from openpyxl import load_workbook

    sheets: list[tuple[str, list[tuple[Any, ...]]]] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which hold no value
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # a sheet may claim any size
            rows: list[tuple[Any, ...]] = []
            limit = MAX_ROWS if not sheets else 100
            for row in itertools.islice(sheet.iter_rows(values_only=True), limit + 1):
                if len(row) > limits.columns:
                    raise FileFault(f"{name}: {len(row)} columns; at most {limits.columns} are allowed")
                if any(value is not None and value != "" for value in row):
                    rows.append(row)
                    limits.check(name, 0, len(rows) - 1)
            if rows:
                sheets.append((sheet.title, rows))
        book.close()
    except FileFault:
        raise
    except Exception as error:  # openpyxl raises whatever its parsers do
        raise FileFault(_unreadable_message(name, error), kind="format") from error
    return (*sheets[0], len(sheets) - 1) if sheets else ("", [], 0)


def _unreadable_message(name: str, error: Exception) -> str:
    return (
        f"{name} is not a readable workbook ({type(error).__name__}); save it anew as .xlsx or as CSV (UTF-8)"
    )


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))  # a sheet has one kind of number
    if value is None or isinstance(value, str | int | float | bool):
        return as_text(value)
    return str(value)
