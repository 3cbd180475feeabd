"""Function that reads the user's file for a new task: its header, broken rows, and answers inside JSON values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.reading.exports import unwrap
from veritrain_lib.reading.fault import MAX_SHOWN, RowFault
from veritrain_lib.reading.files import read_file
from veritrain_lib.reading.header import values_in_header
from veritrain_lib.reading.json_text import JsonFault, as_text, parse

if TYPE_CHECKING:
    import pandas as pd

MAX_KEYS = 8


@dataclass
class SourceRows:
    """Rows of the user's file for a new task; the index is the row's number in the file minus 1.

    Attributes:
        rows: the rows with all cells as strings; single answers have been taken out of JSON lists and
            objects.
        notes: remarks about the file, one sentence each.
        unwrapped: number of answers taken out of JSON values, by column.
        several: rows with more than one answer, by column.
        nested: keys of the JSON objects, by column that contains such objects.
    """

    rows: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    unwrapped: dict[str, int] = field(default_factory=dict)
    several: dict[str, list[RowFault]] = field(default_factory=dict)
    nested: dict[str, list[str]] = field(default_factory=dict)


def read_source_file(
    path: Path, *, header: bool | None, skip_broken: bool, requested: tuple[str, ...] = ()
) -> SourceRows:
    """Read the file that a new task is made from as rows of strings.

    Args:
        path: the file.
        header: whether the first row holds the names of the columns; None: detected, with an error that names
            the command's flags where it is in doubt.
        skip_broken: whether to leave out rows that can't be read; otherwise they are an error.
        requested: columns that the user named; `meta.text` is the field `text` of the JSON objects in the
            column `meta`.

    Returns:
        The rows, with remarks on how they were read.

    Raises:
        UserError: the file can't be read, has no rows or only blank rows, or it is in doubt whether it has a
            header.
    """
    table = read_file(path, header=header is not False, skip_broken=skip_broken)
    source = SourceRows(table.frame(), list(table.notes))
    if table.skipped:
        shown = "; ".join(str(fault) for fault in table.skipped[:MAX_SHOWN])
        more = f"; and {len(table.skipped) - MAX_SHOWN} more" if len(table.skipped) > MAX_SHOWN else ""
        source.notes.append(f"{len(table.skipped)} broken row(s) are left out: {shown}{more}")
        source.rows.index = [number - 1 for number in table.numbers]
    if not len(source.rows):
        raise UserError(f"{path.name} holds no rows" + (f": {source.notes[-1]}" if table.skipped else ""))
    if not (source.rows != "").to_numpy().any() or all(
        (source.rows[name].str.strip() == "").all() for name in source.rows.columns
    ):
        raise UserError(
            f"{path.name} holds {len(source.rows)} row(s), and all of them are blank; fill them in"
        )
    if header is None and table.has_header:
        _check_for_header(path, source.rows)
    _extract_answers(source, requested)
    return source


def _check_for_header(path: Path, rows: pd.DataFrame) -> None:
    repeated = values_in_header(rows)
    if repeated:
        name, count = next(iter(repeated.items()))
        raise UserError(
            f"{path.name}: is the first row a header? {name[:60]!r} in it is also a value of its column, in {count} row(s). "
            "Pass --header if it names the columns, or --no-header if it is a row (columns are then called column_1, "
            "column_2, ...)"
        )


def _extract_answers(source: SourceRows, requested: tuple[str, ...]) -> None:
    """Take single answers out of JSON lists and objects, and add columns for the object fields that the user named."""
    for name in list(source.rows.columns):
        keys = _keys(source.rows[name])
        if not _unwrap(source, str(name)) and keys:
            source.nested[str(name)] = keys
    for name in requested:
        column, dot, path = name.partition(".")
        if name not in source.rows.columns and dot and column in source.nested:
            source.rows[name] = [_inner(cell, path) for cell in source.rows[column]]
            _unwrap(source, name)
            if keys := _keys(source.rows[name]):
                source.nested[name] = keys


def _unwrap(source: SourceRows, name: str) -> bool:
    """Take the single answers of a column out of their JSON lists or objects, in place.

    Returns:
        Whether the column consists of such answers; if not, nothing is changed. Rows with more than one
        answer are recorded in `source.several`, and then the column stays as it is.
    """
    cells = source.rows[name]
    filled = [cell for cell in cells if cell.strip()]
    if not filled or any(cell[:1] not in ("[", "{") for cell in filled):
        return False
    unwrapped = unwrap(cells.tolist(), [int(index) + 1 for index in source.rows.index])
    if unwrapped.count < len(filled):
        return False
    if unwrapped.faults:
        source.several[name] = unwrapped.faults
    else:
        source.rows[name] = unwrapped.values
        source.unwrapped[name] = unwrapped.count
    return True


def _keys(cells: pd.Series[str]) -> list[str]:
    """Return the keys of the first JSON objects in a column, at most `MAX_KEYS`; empty if the column contains texts."""
    filled = [cell for cell in cells if cell.strip()]
    if not filled or sum(cell[:1] == "{" for cell in filled) * 2 < len(filled):
        return []
    keys: dict[str, None] = {}
    for cell in filled[:50]:
        value = _object(cell)
        if value is None:
            return []
        keys.update(dict.fromkeys(value))
    return list(keys)[:MAX_KEYS]


def _object(cell: str) -> dict[str, Any] | None:
    try:
        value = parse(cell) if cell[:1] == "{" else None
    except JsonFault:
        return None
    return value if isinstance(value, dict) else None


def _inner(cell: str, path: str) -> str:
    value: Any = _object(cell)
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return (
        value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict | list)
        else as_text(value)
    )
