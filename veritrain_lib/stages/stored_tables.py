"""The tables of a stored result: read at once, parsed when they are asked for."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class StoredTables(Mapping[str, "pd.DataFrame"]):
    """DataFrames by name. Most who open a result ask for one of its tables or for none.

    The files are read when this is made, since the folder may be a temporary one. Each is parsed once: what a
    caller changes in a table the next one sees, as with a dict.
    """

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        """Raises OSError for a name without `NAME.parquet` in the folder."""
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
