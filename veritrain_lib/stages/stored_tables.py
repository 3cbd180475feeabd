"""The tables of a stored result: their files are read at once, and parsed when they are first used."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class StoredTables(Mapping[str, "pd.DataFrame"]):
    """A lazy mapping of table names to DataFrames. Most callers use one of a result's tables or none.

    The files are read on construction, since the folder may be temporary. Each is parsed once: a change to a table is
    seen by the next caller, as with a dict.
    """

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        """Read the files `NAME.parquet` of a folder.

        Raises:
            OSError: for a name without a file.
        """
        self._files: dict[str, bytes] = {name: (folder / f"{name}.parquet").read_bytes() for name in names}
        self._parsed: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        import pandas as pd

        if name not in self._parsed:
            self._parsed[name] = pd.read_parquet(io.BytesIO(self._files[name]))
            self._files[name] = b""
        return self._parsed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files
