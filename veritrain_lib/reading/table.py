"""Table of texts that was read from a user's file, and the size limits of such tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from veritrain_lib.reading.fault import FileFault, RowFault

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Limits:
    """Largest allowed size of a table that is read from a user's file.

    Attributes:
        columns: Maximum number of columns.
        rows: Maximum number of rows.
        cells: Maximum number of cells, columns times rows.
        unpacked: Maximum bytes that a compressed file (Excel, Parquet) may unpack to.
    """

    columns: int = 2_000
    rows: int = 50_000_000
    cells: int = 200_000_000
    unpacked: int = 2_000_000_000

    def check(self, name: str, columns: int, rows: int = 0) -> None:
        """Raise FileFault if a file's table has too many columns, rows or cells.

        Args:
            name: Name of the file, for the message.
            columns: Number of columns of the table.
            rows: Number of rows of the table, as far as they are known; default 0.
        """
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
    """Table read from a user's file: column names and rows of texts.

    Attributes:
        name: Name of the file, for messages.
        columns: Column names in the order of the file.
        rows: One sequence of texts per row, as long as `columns`; a missing value is "".
        numbers: For each row its number in the file, from 1, without the header and blank rows.
        notes: Notes for the user, one sentence each.
        skipped: Invalid rows that were left out; empty unless the caller asked to skip them.
        has_header: Whether the column names were read from the file's first row.
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
        """The rows of the table, one dictionary per row with text by column name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def frame(self) -> pd.DataFrame:
        """Return the table as a DataFrame of texts, with the index 0, 1, ..."""
        import pandas as pd

        if not self.rows:
            return pd.DataFrame(columns=self.columns, dtype=str)
        columns = zip(*self.rows, strict=True)
        return pd.DataFrame(
            {name: pd.Series(cells, dtype=str) for name, cells in zip(self.columns, columns, strict=True)}
        )
