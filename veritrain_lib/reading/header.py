"""Detection of files without a header, whose first row would be lost as column names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def values_in_header(table: pd.DataFrame) -> dict[str, int]:
    """Return column names that are also values of their own column, with the number of such rows."""
    counts = {str(name): int((table[name] == name).sum()) for name in table.columns if name}
    return {name: count for name, count in counts.items() if count}


def missing_header_hint(table: pd.DataFrame) -> str:
    """Return the end of a message about missing columns if the first row seems to be no header, else ""."""
    repeated = values_in_header(table)
    if not repeated:
        return ""
    name, count = next(iter(repeated.items()))
    return (
        f". Its first row may be no header: {name[:60]!r} is also a value of its column in {count} row(s); write the "
        "columns' names into a first row"
    )
