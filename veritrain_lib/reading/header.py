"""Detection of files of rows without a header, whose first row would be taken for column names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def values_in_header(table: pd.DataFrame) -> dict[str, int]:
    """Return the column names of a file that also occur as values in their own column, with the number of such rows.

    Such names suggest that the file has no header.
    """
    counts = {str(name): int((table[name] == name).sum()) for name in table.columns if name}
    return {name: count for name, count in counts.items() if count}


def missing_header_hint(table: pd.DataFrame) -> str:
    """Return the end of an error message about missing columns, if the file seems to have no header; else ""."""
    repeated = values_in_header(table)
    if not repeated:
        return ""
    name, count = next(iter(repeated.items()))
    return (
        f". Its first row may be no header: {name[:60]!r} is also a value of its column in {count} row(s); write the "
        "columns' names into a first row"
    )
