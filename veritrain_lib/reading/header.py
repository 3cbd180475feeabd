"""Files without a header, whose first row would be lost as names of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def values_in_header(table: pd.DataFrame) -> dict[str, int]:
    """Names of columns that are also values of their own column, with the number of rows that have the value."""
    counts = {str(name): int((table[name] == name).sum()) for name in table.columns if name}
    return {name: count for name, count in counts.items() if count}


def looks_headless(table: pd.DataFrame) -> str:
    """The end of a message about missing columns, where the first row seems to be a row and no header; else nothing."""
    found = values_in_header(table)
    if not found:
        return ""
    name, count = next(iter(found.items()))
    return (
        f". Its first row may be no header: {name[:60]!r} is also a value of its column in {count} row(s); write the "
        "columns' names into a first row"
    )
