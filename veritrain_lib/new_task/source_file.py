"""The user's file as rows: with or without a header, broken rows left out where that is asked for, lists and objects
told."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.reading.exports import unwrap
from veritrain_lib.reading.fault import SHOWN, RowFault
from veritrain_lib.reading.files import read_file
from veritrain_lib.reading.header import values_in_header
from veritrain_lib.reading.json_text import JsonFault, as_text, parse

if TYPE_CHECKING:
    import pandas as pd

MOST_KEYS = 8


@dataclass
class SourceRows:
    """Rows as they were read; the index is the number in the file less 1.

    Attributes:
        rows: texts; single answers are taken out of their lists and objects.
        notes: what was found, one sentence each.
        unwrapped: how many answers were taken out, by column.
        several: rows with several answers, by column.
        nested: the keys of columns that hold JSON objects.
    """

    rows: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    unwrapped: dict[str, int] = field(default_factory=dict)
    several: dict[str, list[RowFault]] = field(default_factory=dict)
    nested: dict[str, list[str]] = field(default_factory=dict)


def read_source(
    path: Path, *, header: bool | None, skip_broken: bool, wanted: tuple[str, ...] = ()
) -> SourceRows:
    """Read the user's file.

    `header` says whether the first row names the columns; None asks (a UserError that names the flags) where that is
    in doubt. `wanted` are columns that the user names; `meta.text` is the field `text` of the objects in `meta`.

    Raises UserError for a file that can't be read, has no rows, or only blank ones.
    """
    table = read_file(path, header=header is not False, skip_broken=skip_broken)
    found = SourceRows(table.frame(), list(table.notes))
    if table.skipped:
        shown = "; ".join(str(fault) for fault in table.skipped[:SHOWN])
        more = f"; and {len(table.skipped) - SHOWN} more" if len(table.skipped) > SHOWN else ""
        found.notes.append(f"{len(table.skipped)} broken row(s) are left out: {shown}{more}")
        found.rows.index = [number - 1 for number in table.numbers]
    if not len(found.rows):
        raise UserError(f"{path.name} holds no rows" + (f": {found.notes[-1]}" if table.skipped else ""))
    if not (found.rows != "").to_numpy().any() or all(
        (found.rows[name].str.strip() == "").all() for name in found.rows.columns
    ):
        raise UserError(
            f"{path.name} holds {len(found.rows)} row(s), and all of them are blank; fill them in"
        )
    if header is None and table.headed:
        _ask_for_header(path, found.rows)
    _take_out(found, wanted)
    return found


def _ask_for_header(path: Path, rows: pd.DataFrame) -> None:
    found = values_in_header(rows)
    if found:
        name, count = next(iter(found.items()))
        raise UserError(
            f"{path.name}: is the first row a header? {name[:60]!r} in it is also a value of its column, in {count} row(s). "
            "Pass --header if it names the columns, or --no-header if it is a row (columns are then called column_1, "
            "column_2, ...)"
        )


def _take_out(found: SourceRows, wanted: tuple[str, ...]) -> None:
    """Take single answers out of lists and objects, and the fields that the user names out of objects."""
    for name in list(found.rows.columns):
        keys = _keys(found.rows[name])
        if not _unwrap(found, str(name)) and keys:
            found.nested[str(name)] = keys
    for name in wanted:
        column, dot, path = name.partition(".")
        if name not in found.rows.columns and dot and column in found.nested:
            found.rows[name] = [_inner(cell, path) for cell in found.rows[column]]
            _unwrap(found, name)
            if keys := _keys(found.rows[name]):
                found.nested[name] = keys


def _unwrap(found: SourceRows, name: str) -> bool:
    """Whether every answer of a column was wrapped; then the single ones are taken out."""
    cells = found.rows[name]
    given = [cell for cell in cells if cell.strip()]
    if not given or any(cell[:1] not in ("[", "{") for cell in given):
        return False
    taken = unwrap(cells.tolist(), [int(place) + 1 for place in found.rows.index])
    if taken.count < len(given):
        return False
    if taken.faults:
        found.several[name] = taken.faults
    else:
        found.rows[name] = taken.values
        found.unwrapped[name] = taken.count
    return True


def _keys(cells: pd.Series[str]) -> list[str]:
    """The keys of the first objects in a column; none where it holds texts."""
    given = [cell for cell in cells if cell.strip()]
    if not given or sum(cell[:1] == "{" for cell in given) * 2 < len(given):
        return []
    keys: dict[str, None] = {}
    for cell in given[:50]:
        value = _object(cell)
        if value is None:
            return []
        keys.update(dict.fromkeys(value))
    return list(keys)[:MOST_KEYS]


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
