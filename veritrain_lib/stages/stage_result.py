"""The base class of stage results: immutable, saved to a folder, loaded again, shown in a notebook."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SkipValidation

from veritrain_lib.stages.stored_tables import StoredTables

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.figure import Figure

Outcome = Literal["done", "blocked", "waiting"]


class Measure(BaseModel):
    """A number with its interval (95 % unless its key says otherwise) and the number of rows it was measured on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None


class StageResult(BaseModel):
    """Base class of the six stage results.

    Attributes:
        outcome: `done`; `blocked` when the gate rejected the data; `waiting` when people must act before the loop can go
            on.
        headline: One sentence for people.
        measures: The numbers that are logged as MLflow metrics.
        tables: DataFrames by name, stored beside the rest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    outcome: Outcome = "done"
    headline: str
    measures: dict[str, Measure] = {}
    tables: Annotated[Mapping[str, Any], SkipValidation] = Field(
        default_factory=dict, exclude=True, repr=False
    )

    _figures: dict[str, Any] = PrivateAttr(default_factory=dict)
    _stored: dict[str, bytes] = PrivateAttr(default_factory=dict)

    def stored_pictures(self) -> dict[str, Figure]:
        """Return the pictures to store beside the tables, by name, since a report shows them again; none by default."""
        return {}

    def stored_picture(self, name: str) -> bytes | None:
        """Return the PNG file of a picture of a loaded result; None where none is stored."""
        return self._stored.get(name)

    def _cached_figure(self, name: str, draw: Callable[[], Figure]) -> Figure:
        """Draw a picture once, both for the notebook that shows it and for storing it."""
        if name not in self._figures:
            self._figures[name] = draw()
        figure: Figure = self._figures[name]
        return figure

    def metrics(self) -> dict[str, float]:
        """Return the measures as flat metrics: KEY, KEY_low, KEY_high. Missing values are left out."""
        flat = {}
        for key, measure in self.measures.items():
            for suffix, value in (("", measure.value), ("_low", measure.low), ("_high", measure.high)):
                if value is not None:
                    flat[key + suffix] = float(value)
        return flat

    def save(self, folder: Path) -> None:
        """Write `result.json`, a Parquet file for each table and a PNG for each of `stored_pictures` to a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        content = {"result": self.model_dump(mode="json"), "tables": sorted(self.tables)}
        (folder / "result.json").write_text(
            json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8"
        )
        for name, rows in self.tables.items():
            rows.to_parquet(folder / f"{name}.parquet", index=False)
        for name, figure in self.stored_pictures().items():
            from veritrain_lib.reporting.document import Picture

            (folder / f"{name}.png").write_bytes(Picture(figure).png)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load what `save` wrote. The tables are parsed when they are first used."""
        content = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        result = cls(**content["result"], tables=StoredTables(folder, content["tables"]))
        result._stored.update((file.stem, file.read_bytes()) for file in folder.glob("*.png"))
        return result

    def measure_table(self) -> pd.DataFrame:
        """Return the measures as a DataFrame: name, value, low, high, n."""
        import pandas as pd

        rows = [{"name": name, **measure.model_dump()} for name, measure in self.measures.items()]
        return pd.DataFrame(rows, columns=["name", "value", "low", "high", "n"])

    def _repr_html_(self) -> str:
        from veritrain_lib.reporting.html import table_html

        parts = [f"<p><strong>{html.escape(self.headline)}</strong></p>"]
        if self.measures:
            caption = "Measured, with 95 % intervals"
            parts.append(table_html(self.measure_table(), caption, by_row=True))
        return "".join(parts)
