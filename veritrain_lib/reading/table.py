"""A table of texts as it was read, and the bounds that a file must keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from veritrain_lib.reading.fault import FileFault, RowFault

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Limits:
    """How large a table may be: columns, rows, cells, and bytes that a packed file (Excel, Parquet) may unfold to."""

    columns: int = 2_000
    rows: int = 50_000_000
    cells: int = 200_000_000
    unpacked: int = 2_000_000_000

    def check(self, name: str, columns: int, rows: int = 0) -> None:
        """Raise FileFault for too many columns, rows or cells."""
        if columns > self.columns:
            raise FileFault(f"{name}: {columns} columns; at most {self.columns} are taken")
        if rows > self.rows:
            raise FileFault(f"{name}: more than {self.rows} rows; split the file")
        if columns * rows > self.cells:
            raise FileFault(
                f"{name}: {rows} rows of {columns} columns are more than {self.cells} cells; split the file"
            )


@dataclass(frozen=True)
class Table:
    """Rows of texts.

    Attributes:
        name: of the file, for messages.
        columns: in the order of the file.
        rows: one sequence of texts a row, as long as `columns`; a value that is absent is the empty text.
        numbers: the row's number in the file, from 1, for each row.
        notes: what was found and is worth saying, one sentence each.
        skipped: rows that were left out because they are broken; only where the caller asked for that.
        headed: whether the columns' names stand in the file's own first row.
    """

    name: str
    columns: list[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int]
    notes: list[str] = field(default_factory=list)
    skipped: list[RowFault] = field(default_factory=list)
    headed: bool = False

    @property
    def records(self) -> list[dict[str, str]]:
        """One dictionary a row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def frame(self) -> pd.DataFrame:
        """The rows as a table of pandas' texts. The index is the row's place: 0, 1, ..."""
        import pandas as pd

        if not self.rows:
            return pd.DataFrame(columns=self.columns, dtype=str)
        columns = zip(*self.rows, strict=True)
        return pd.DataFrame(
            {name: pd.Series(cells, dtype=str) for name, cells in zip(self.columns, columns, strict=True)}
        )
