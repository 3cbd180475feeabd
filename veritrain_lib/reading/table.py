"""A table of texts as it was read from a file, and the size limits of such tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from veritrain_lib.reading.fault import FileFault, RowFault

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Limits:
    """Maximum size of a table.

    Columns, rows, cells, and bytes that a compressed file (Excel, Parquet) may unpack to.
    """

    columns: int = 2_000
    rows: int = 50_000_000
    cells: int = 200_000_000
    unpacked: int = 2_000_000_000

    def check(self, name: str, columns: int, rows: int = 0) -> None:
        """Raise FileFault for too many columns, rows or cells."""
        if columns > self.columns:
            raise FileFault(f"{name}: {columns} columns; at most {self.columns} are allowed")
        if rows > self.rows:
            raise FileFault(f"{name}: more than {self.rows} rows; split the file")
        if columns * rows > self.cells:
            raise FileFault(
                f"{name}: {rows} rows of {columns} columns are more than {self.cells} cells; split the file"
            )


@dataclass(frozen=True)
class TextTable:
    """Rows of texts.

    Attributes:
        name: Name of the file, for messages.
        columns: Column names in the order of the file.
        rows: One sequence of texts per row, as long as `columns`; a missing value is the empty text.
        numbers: The row's number in the file, from 1, for each row.
        notes: Notes for the user, one sentence each.
        skipped: Invalid rows that were left out; only if the caller asked for that.
        has_header: Whether the column names are from the file's own first row.
    """

    name: str
    columns: list[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int]
    notes: list[str] = field(default_factory=list)
    skipped: list[RowFault] = field(default_factory=list)
    has_header: bool = False

    @property
    def records(self) -> list[dict[str, str]]:
        """One dictionary per row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def frame(self) -> pd.DataFrame:
        """Return the rows as a DataFrame of texts. The index is the row's position: 0, 1, ..."""
        import pandas as pd

        if not self.rows:
            return pd.DataFrame(columns=self.columns, dtype=str)
        columns = zip(*self.rows, strict=True)
        return pd.DataFrame(
            {name: pd.Series(cells, dtype=str) for name, cells in zip(self.columns, columns, strict=True)}
        )
