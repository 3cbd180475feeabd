"""Delimited text (CSV, TSV): quick where every row is whole, exact about each one that is not."""

from __future__ import annotations

import csv
import io

from veritrain_lib.reading.fault import FileFault, RowFault, refuse_rows
from veritrain_lib.reading.separator import CANDIDATES, declared_separator, find_separator
from veritrain_lib.reading.table import Limits, Table

LONGEST_CELL = 2**31 - 1
"""Characters; the csv module's own bound of 131,072 is below what documents have."""

BROKEN = "Put quotes around a cell that holds a line end or the separator"


def read_delimited(
    name: str,
    text: str,
    limits: Limits,
    *,
    tabs: bool = False,
    header: bool = True,
    skip_broken: bool = False,
) -> Table:
    """The table in a delimited text.

    `tabs` says that the file's suffix promises tabs; the separator is found by the content. Without `header` the
    first row is a row too, and the columns are called column_1, column_2, ... With `skip_broken` rows that can't be
    read are left out (`Table.skipped`) instead of refused.

    Raises FileFault for a header that names a column twice, for broken rows (all counted, the first named), and for
    more than the limits allow.
    """
    csv.field_size_limit(LONGEST_CELL)
    notes: list[str] = []
    mark, text = declared_separator(text)
    if not mark:
        usual = "\t" if tabs else ","
        mark = find_separator(text, usual)
        if mark != usual:
            notes.append(f"{name}: the separator is a {CANDIDATES[mark]}")
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=mark)
        first = next((cells for cells in reader if any(cell.strip() for cell in cells)), [])
        limits.check(name, len(first))
        rows = [] if header or not first else [first]
        rows += reader
        if {len(row) for row in rows} - {0, len(first)}:
            raise csv.Error
        whole = [row for row in rows if row] if any(not row for row in rows) else rows
        skipped: list[RowFault] = []
        numbers: list[int] | range = range(1, len(whole) + 1)
    except csv.Error:
        first, whole, numbers, skipped = _carefully(text, mark, header)
        if not skip_broken:
            refuse_rows(name, skipped, f"{BROKEN} ({mark!r} here)")
    limits.check(name, len(first), len(whole))
    columns = named_columns(name, first) if header else [f"column_{at}" for at in range(1, len(first) + 1)]
    return without_unnamed(Table(name, columns, whole, numbers, notes, skipped, headed=header))


def _carefully(
    text: str, mark: str, header: bool
) -> tuple[list[str], list[list[str]], list[int], list[RowFault]]:
    """The header, the whole rows with their numbers, and what is wrong with the others."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=mark)
    first: list[str] = []
    rows: list[list[str]] = []
    numbers: list[int] = []
    faults: list[RowFault] = []
    number, open_cells = 0, 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return first, rows, numbers, faults
        except csv.Error as error:
            number, open_cells = number + 1, 0
            faults.append(RowFault(number, _meant(str(error)), line))
            continue
        if not cells or not (first or any(cell.strip() for cell in cells)):
            continue
        if not first:
            first = cells
            if header:
                continue
        number += 1
        width = len(first)
        # A row that broke off at a line end goes on in the next one: neither half is a row.
        goes_on = 0 < open_cells < width and open_cells + len(cells) - 1 == width
        if len(cells) != width:
            plural = "s" if len(cells) > 1 else ""
            faults.append(RowFault(number, f"{len(cells)} cell{plural} under {width} columns", line))
        elif goes_on:
            faults.append(RowFault(number, "follows a row that breaks off, and may be the rest of it", line))
        else:
            rows.append(cells)
            numbers.append(number)
        open_cells = len(cells) if len(cells) < width else 0


def _meant(error: str) -> str:
    if "expected after" in error:
        return f"{error}; a quote inside a quoted cell must be doubled"
    if "unexpected end" in error:
        return "a quote that opens here never closes"
    return error


def named_columns(name: str, first: list[str]) -> list[str]:
    columns = [cell.strip() for cell in first]
    columns = [column or f"column_{at}" for at, column in enumerate(columns, 1)]
    twice = (
        sorted({column for column in columns if columns.count(column) > 1})
        if len(columns) > len(set(columns))
        else []
    )
    if twice:
        shown = ", ".join(map(repr, twice[:5]))
        raise FileFault(f"{name}: the header names a column twice: {shown}; rename one of them")
    return columns


def without_unnamed(table: Table) -> Table:
    """A table without columns that have neither a name nor a value, as spreadsheets leave them at the right."""
    unnamed = [at for at, column in enumerate(table.columns) if column == f"column_{at + 1}"]
    if not table.headed or not unnamed:
        return table
    empty = {at for at in unnamed if not any(row[at].strip() for row in table.rows)}
    if not empty or len(empty) == len(table.columns):
        return table
    kept = [at for at in range(len(table.columns)) if at not in empty]
    columns, rows = [table.columns[at] for at in kept], [[row[at] for at in kept] for row in table.rows]
    return Table(table.name, columns, rows, table.numbers, table.notes, table.skipped, headed=True)
