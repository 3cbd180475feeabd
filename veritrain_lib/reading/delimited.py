"""Reader of delimited text (CSV, TSV): fast if all rows are complete, else row by row with exact error messages."""

from __future__ import annotations

import csv
import io

from veritrain_lib.reading.fault import FileFault, RowFault, reject_rows
from veritrain_lib.reading.separator import CANDIDATES, declared_separator, find_separator
from veritrain_lib.reading.table import Limits, TextTable

MAX_CELL_CHARACTERS = 2**31 - 1
"""Maximum length of a cell in characters; the csv module's own limit of 131,072 is too small for documents."""

QUOTE_REMEDY = "Put quotes around a cell that holds a line end or the separator"


def read_delimited(
    name: str,
    text: str,
    limits: Limits,
    *,
    tabs: bool = False,
    header: bool = True,
    skip_broken: bool = False,
) -> TextTable:
    """Read the table in the text of a CSV or TSV file.

    Args:
        name: Name of the file, for messages.
        text: The text of the file.
        limits: Maximum size of the table.
        tabs: Whether the file's suffix (.tsv) promises tabs; the separator itself is detected from the content.
        header: Whether the first row is a header; else the columns are called column_1, column_2, ...
        skip_broken: Whether invalid rows are left out and listed in `TextTable.skipped`, instead of raising an error.

    Raises:
        FileFault: The header names a column twice, rows are invalid (all are counted, the first ones named), or the
            table exceeds the limits.
    """
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    notes: list[str] = []
    separator, text = declared_separator(text)
    if not separator:
        expected = "\t" if tabs else ","
        separator = find_separator(text, expected)
        if separator != expected:
            notes.append(f"{name}: the separator is a {CANDIDATES[separator]}")
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
        header_cells = next((cells for cells in reader if any(cell.strip() for cell in cells)), [])
        limits.check(name, len(header_cells))
        rows = [] if header or not header_cells else [header_cells]
        rows += reader
        if {len(row) for row in rows} - {0, len(header_cells)}:
            raise csv.Error
        complete_rows = [row for row in rows if row] if any(not row for row in rows) else rows
        skipped: list[RowFault] = []
        numbers: list[int] | range = range(1, len(complete_rows) + 1)
    except csv.Error:
        header_cells, complete_rows, numbers, skipped = _read_row_by_row(text, separator, header)
        if not skip_broken:
            reject_rows(name, skipped, f"{QUOTE_REMEDY} ({separator!r} here)")
    limits.check(name, len(header_cells), len(complete_rows))
    columns = (
        named_columns(name, header_cells)
        if header
        else [f"column_{index}" for index in range(1, len(header_cells) + 1)]
    )
    return without_unnamed(
        TextTable(name, columns, complete_rows, numbers, notes, skipped, has_header=header)
    )


def _read_row_by_row(
    text: str, separator: str, header: bool
) -> tuple[list[str], list[list[str]], list[int], list[RowFault]]:
    """Read delimited text row by row, after the fast reader found a row that is invalid.

    Returns:
        The header, the rows that have a cell for each column, their row numbers, and the faults of the other rows.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    header_cells: list[str] = []
    rows: list[list[str]] = []
    numbers: list[int] = []
    faults: list[RowFault] = []
    number, open_cells = 0, 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return header_cells, rows, numbers, faults
        except csv.Error as error:
            number, open_cells = number + 1, 0
            faults.append(RowFault(number, _explain(str(error)), line))
            continue
        if not cells or not (header_cells or any(cell.strip() for cell in cells)):
            continue
        if not header_cells:
            header_cells = cells
            if header:
                continue
        number += 1
        width = len(header_cells)
        # A row that ends early at a line end continues in the next line: neither part is a row.
        is_continuation = 0 < open_cells < width and open_cells + len(cells) - 1 == width
        if len(cells) != width:
            plural = "s" if len(cells) > 1 else ""
            faults.append(RowFault(number, f"{len(cells)} cell{plural} under {width} columns", line))
        elif is_continuation:
            faults.append(RowFault(number, "follows a row that ends early, and may be the rest of it", line))
        else:
            rows.append(cells)
            numbers.append(number)
        open_cells = len(cells) if len(cells) < width else 0


def _explain(error: str) -> str:
    if "expected after" in error:
        return f"{error}; a quote inside a quoted cell must be doubled"
    if "unexpected end" in error:
        return "a quote that opens here never closes"
    return error


def named_columns(name: str, header_cells: list[str]) -> list[str]:
    """Return the column names in a file's header; empty names become column_1, column_2, ... by position.

    Raises:
        FileFault: A name occurs twice.
    """
    columns = [cell.strip() for cell in header_cells]
    columns = [column or f"column_{index}" for index, column in enumerate(columns, 1)]
    repeated = (
        sorted({column for column in columns if columns.count(column) > 1})
        if len(columns) > len(set(columns))
        else []
    )
    if repeated:
        shown = ", ".join(map(repr, repeated[:5]))
        raise FileFault(f"{name}: the header names a column twice: {shown}; rename one of them")
    return columns


def without_unnamed(table: TextTable) -> TextTable:
    """Return a file's table without the columns that have neither a name nor a value in any row.

    Spreadsheet programs leave such columns at the right.
    """
    unnamed = [index for index, column in enumerate(table.columns) if column == f"column_{index + 1}"]
    if not table.has_header or not unnamed:
        return table
    empty = {index for index in unnamed if not any(row[index].strip() for row in table.rows)}
    if not empty or len(empty) == len(table.columns):
        return table
    kept = [index for index in range(len(table.columns)) if index not in empty]
    columns, rows = (
        [table.columns[index] for index in kept],
        [[row[index] for index in kept] for row in table.rows],
    )
    return TextTable(table.name, columns, rows, table.numbers, table.notes, table.skipped, has_header=True)
