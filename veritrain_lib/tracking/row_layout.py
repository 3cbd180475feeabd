"""Layout of a dataset's rows: the run, and the position in that run's file, at which each row is stored.

A row is stored once, in the run of the first dataset that holds it; every later dataset refers to it there. Open this
for the content of `dataset/layout.json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.row_keys import row_keys

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Part:
    """File of rows in an MLflow run; some or all of its rows belong to a dataset.

    Attributes:
        run: Id of the run that stored the file.
        digest: Digest of all rows in the file, by which another run that stored the same rows is found.
        json_columns: Columns whose values are stored as JSON text, because some of them are not texts.
    """

    run: str
    digest: str
    json_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """Columns of a dataset, and the file and position at which each of its rows is stored.

    Attributes:
        columns: Names of the columns in order.
        parts: The files that hold rows.
        spans: The rows in order, grouped into stretches of consecutive rows of one file. Each has the index of the file
            in `parts`, the position of its first row in the file, and its number of rows.
    """

    columns: tuple[str, ...]
    parts: tuple[Part, ...] = ()
    spans: tuple[tuple[int, int, int], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the layout as the JSON object that `layout.json` holds."""
        return asdict(self)

    @classmethod
    def of_json(cls, content: dict[str, Any]) -> Layout:
        """Return the layout that the JSON object of a `layout.json` describes.

        Raises:
            KeyError, TypeError, ValueError: The object is not a layout.
        """
        parts = tuple(
            Part(part["run"], part["digest"], tuple(part["json_columns"])) for part in content["parts"]
        )
        spans = tuple((int(part), int(first), int(count)) for part, first, count in content["spans"])
        if any(part >= len(parts) for part, _, _ in spans):
            raise ValueError("a row of the layout is in a file that the layout does not name")
        return cls(tuple(content["columns"]), parts, spans)

    def locations(self) -> Iterator[tuple[Part, int]]:
        """Yield, for each row of the dataset in order, its file and its position in that file."""
        for part, first, count in self.spans:
            for position in range(first, first + count):
                yield self.parts[part], position


@dataclass(frozen=True)
class Arrangement:
    """Plan for storing a new dataset's rows: which are stored already, and which go into the dataset's own file.

    Attributes:
        known: Files of other datasets that hold rows of the new one.
        spans: The rows in order, as in `Layout`; the index after the last of `known` means the new dataset's own file.
        own: Positions, among the new dataset's rows, of those that go into its own file.
    """

    known: tuple[Part, ...]
    spans: tuple[tuple[int, int, int], ...]
    own: tuple[int, ...]


def arrange(rows: pd.DataFrame, sources: Sequence[tuple[pd.DataFrame, Layout]]) -> Arrangement:
    """Find out which rows of a new dataset are stored already, and return the plan for storing the others.

    Two rows are the same if they agree in all columns. Rows that agree only in their id, such as a row whose label was
    corrected, are different rows.

    Args:
        rows: The rows of the new dataset.
        sources: The datasets that rows were taken from, each with its layout.
    """
    names = [str(name) for table in (rows, *(table for table, _ in sources)) for name in table.columns]
    columns = list(dict.fromkeys(names))
    stored: dict[Any, tuple[Part | None, int]] = {}
    for table, layout in sources:
        for key, (part, position) in zip(row_keys(table, columns), layout.locations(), strict=True):
            stored.setdefault(key, (part, position))
    own: list[int] = []
    locations: list[tuple[Part | None, int]] = []
    for position, key in enumerate(row_keys(rows, columns)):
        if key not in stored:
            stored[key] = (None, len(own))
            own.append(position)
        locations.append(stored[key])
    known = tuple(part for part in dict.fromkeys(part for part, _ in locations) if part is not None)
    numbers: dict[Part | None, int] = {part: number for number, part in enumerate(known)}
    numbers[None] = len(known)
    spans = tuple(_spans((numbers[part], position) for part, position in locations))
    return Arrangement(known, spans, tuple(own))


def _spans(locations: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    part = first = count = -1
    for number, position in locations:
        if number == part and position == first + count:
            count += 1
            continue
        if count > 0:
            yield part, first, count
        part, first, count = number, position, 1
    if count > 0:
        yield part, first, count
