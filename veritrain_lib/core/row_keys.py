"""Keys that identify equal rows: two rows are equal if they agree in every column, not only in their id."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def row_keys(rows: pd.DataFrame, columns: Sequence[str]) -> list[tuple[Hashable, ...]]:
    """Return a key for each row; two rows with the same key have the same value in each of the columns.

    Args:
        rows: The rows.
        columns: Names of the columns that count. A column that the rows lack counts as empty in each of them.
    """
    empty: list[Hashable] = [None] * len(rows)
    cells = [
        [_hashable(value) for value in values_of(rows, name)] if name in rows.columns else empty
        for name in columns
    ]
    return list(zip(*cells, strict=True)) if cells else [()] * len(rows)


def values_of(rows: pd.DataFrame, name: str) -> list[Any]:
    """Return the values of a column as Python objects; a missing value (NaN, NA) is None."""
    column = rows[name].astype(object)
    values: list[Any] = column.where(column.notna(), None).tolist()
    return values


def _hashable(value: Any) -> Hashable:
    # A number or a list is told apart from the text that looks like it.
    return value if value is None or isinstance(value, str) else (json.dumps(value, ensure_ascii=False),)
