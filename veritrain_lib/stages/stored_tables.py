"""Tables of a stored stage result: read into memory at once, parsed only when first used.

A table of rows that the run's dataset holds is stored as a view: positions in the dataset instead of the rows.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.row_keys import row_keys

if TYPE_CHECKING:
    import pandas as pd

POSITION = "position_in_dataset"
"""Column of a view: the position of the row in the dataset that the same run made."""


class DatasetPositions:
    """Positions of the rows of a dataset, by which a table of such rows is stored as a view of the dataset.

    Args:
        dataset_rows: The rows of the dataset.
    """

    def __init__(self, dataset_rows: pd.DataFrame) -> None:
        self._columns = [str(name) for name in dataset_rows.columns]
        self._positions: dict[object, int] = {}
        for position, key in enumerate(row_keys(dataset_rows, self._columns)):
            self._positions.setdefault(key, position)

    def view_of(self, table: pd.DataFrame) -> pd.DataFrame | None:
        """Return a view of a table: for each row its position in the dataset, and the columns that the dataset lacks.

        Args:
            table: The table.

        Returns:
            The view; None if the dataset does not hold every row of the table.
        """
        keys = row_keys(table, self._columns)
        if any(key not in self._positions for key in keys):
            return None
        others = table[[name for name in table.columns if name not in self._columns]].reset_index(drop=True)
        others.insert(0, POSITION, [self._positions[key] for key in keys])
        return others.astype({POSITION: "int64"})


class StoredTables(Mapping[str, "pd.DataFrame"]):
    """Read-only mapping from table name to DataFrame over the Parquet files of a stored stage result.

    All files are read when the mapping is made, since their folder may be temporary. Each is parsed on first use, and
    every caller then gets the same DataFrame: changing it in place changes it for all of them.
    """

    def __init__(
        self,
        folder: Path,
        names: Iterable[str],
        views: Mapping[str, Sequence[str]] | None = None,
        dataset_rows: Callable[[], pd.DataFrame] | None = None,
    ) -> None:
        """Read the Parquet files of the named tables into memory.

        Args:
            folder: The folder that holds a file `NAME.parquet` for each name.
            names: The names of the tables.
            views: Columns of the tables whose files are views, by the name of the table.
            dataset_rows: Function that returns the rows of the dataset that the views refer to.

        Raises:
            OSError: when a file is missing or can't be read.
        """
        self._files: dict[str, bytes] = {name: (folder / f"{name}.parquet").read_bytes() for name in names}
        self._parsed: dict[str, pd.DataFrame] = {}
        self._views, self._dataset_rows = dict(views or {}), dataset_rows

    def __getitem__(self, name: str) -> pd.DataFrame:
        import pandas as pd

        if name not in self._parsed:
            table = pd.read_parquet(io.BytesIO(self._files[name]))
            self._parsed[name] = self._opened(table, self._views[name]) if name in self._views else table
            self._files[name] = b""
        return self._parsed[name]

    def _opened(self, view: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
        """Return the table that a view stands for."""
        if self._dataset_rows is None:
            raise ValueError("the table refers to rows of a dataset, and the dataset was not given")
        rows = self._dataset_rows().take(view[POSITION].to_numpy()).reset_index(drop=True)
        extra = {name: view[name] for name in columns if name in view.columns}
        opened: pd.DataFrame = rows.assign(**extra)[list(columns)]
        return opened

    def row_count(self, name: str) -> int:
        """Return the number of rows of a table, without reading the dataset that a view refers to."""
        import pyarrow.parquet as pq

        if name in self._parsed:
            return len(self._parsed[name])
        return int(pq.read_metadata(io.BytesIO(self._files[name])).num_rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files
