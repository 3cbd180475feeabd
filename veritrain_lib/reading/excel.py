"""Excel workbooks (.xlsx): the first sheet that holds anything, as texts, within bounds that no zip bomb passes."""

from __future__ import annotations

import io
import itertools
import zipfile
from datetime import date, datetime, time
from typing import Any

from veritrain_lib.reading.fault import FileFault, RowFault, refuse_rows
from veritrain_lib.reading.json_text import as_text
from veritrain_lib.reading.table import Limits, Table

MOST_ROWS = 1_048_576
"""Rows of a sheet; Excel's own bound. A sheet may claim more, and be read for ever."""

MOST_PARTS = 2_000

ERRORS = frozenset(("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!"))
"""What a cell shows whose formula failed."""


def read_excel(
    name: str, content: bytes, limits: Limits, *, header: bool = True, skip_broken: bool = False
) -> Table:
    """The table in a workbook: stored values, never formulas.

    Raises FileFault for what is no workbook, one that unfolds to more than the limits, a header that names a column
    twice, and for rows with an error of Excel's in a cell.
    """
    _refuse_bomb(name, content, limits)
    sheet, rows, others = _first_sheet(name, content, limits)
    width = max(map(len, rows), default=0)
    limits.check(name, width, len(rows))
    texts = [[_as_text(value) for value in row] + [""] * (width - len(row)) for row in rows]
    if not texts:
        return Table(name, [], [], [], [])
    from veritrain_lib.reading.delimited import named_columns, without_unnamed

    columns = named_columns(name, texts[0]) if header else [f"column_{at}" for at in range(1, width + 1)]
    filled = texts[1:] if header else texts
    faults = [
        RowFault(number, f"the cell under {columns[at]!r} holds Excel's error {cell}")
        for number, row in enumerate(filled, start=1)
        for at, cell in enumerate(row)
        if cell in ERRORS
    ]
    if not skip_broken:
        refuse_rows(name, faults, "Mend the formula, or write the value")
    broken = {fault.row for fault in faults}
    kept = [(number, row) for number, row in enumerate(filled, start=1) if number not in broken]
    notes = [f"{name}: sheet {sheet!r} is read; {others} more are not"] if others else []
    return without_unnamed(
        Table(name, columns, [row for _, row in kept], [number for number, _ in kept], notes, faults, header)
    )


def _refuse_bomb(name: str, content: bytes, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            unfolded = sum(part.file_size for part in parts)
            if len(parts) > MOST_PARTS or unfolded > limits.unpacked:
                raise FileFault(
                    f"{name} unfolds to {unfolded // 1_000_000} MB in {len(parts)} parts; at most "
                    f"{limits.unpacked // 1_000_000} MB in {MOST_PARTS} are taken. Save the sheet as CSV (UTF-8)"
                )
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as opened:
                        if b"<!DOCTYPE" in opened.read(4096):
                            raise FileFault(
                                f"{name} is no workbook of Excel's: {part.filename} has a document type",
                                kind="format",
                            )
    except FileFault:
        raise
    except Exception as error:
        raise FileFault(_no_workbook(name, error), kind="format") from error


def _first_sheet(name: str, content: bytes, limits: Limits) -> tuple[str, list[tuple[Any, ...]], int]:
    """The name of the first sheet with a value, its rows without those that are blank, and how many others have any."""
    import warnings

    from openpyxl import load_workbook

    found: list[tuple[str, list[tuple[Any, ...]]]] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which hold no value
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # a sheet may claim any size
            rows: list[tuple[Any, ...]] = []
            limit = MOST_ROWS if not found else 100
            for row in itertools.islice(sheet.iter_rows(values_only=True), limit + 1):
                if len(row) > limits.columns:
                    raise FileFault(f"{name}: {len(row)} columns; at most {limits.columns} are taken")
                if any(value is not None and value != "" for value in row):
                    rows.append(row)
                    limits.check(name, 0, len(rows) - 1)
            if rows:
                found.append((sheet.title, rows))
        book.close()
    except FileFault:
        raise
    except Exception as error:  # openpyxl raises whatever its parsers do
        raise FileFault(_no_workbook(name, error), kind="format") from error
    return (*found[0], len(found) - 1) if found else ("", [], 0)


def _no_workbook(name: str, error: Exception) -> str:
    return f"{name} is no workbook that can be read ({type(error).__name__}); save it anew as .xlsx or as CSV (UTF-8)"


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
