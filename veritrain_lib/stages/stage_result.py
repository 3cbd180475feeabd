"""Base class of the six stages' results: immutable, saved to a folder, displayed in a notebook."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SkipValidation

from veritrain_lib.stages.stored_tables import DatasetPositions, StoredTables

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.figure import Figure

Outcome = Literal["done", "blocked", "waiting"]


class Measure(BaseModel):
    """A measured number in a stage's result.

    Attributes:
        value: The number; None where it could not be measured.
        low: Lower end of its confidence interval (95 % unless the measure's name says otherwise); None without
            interval.
        high: Upper end of the interval; None without interval.
        n: The number of rows that it was measured on; None where there is no such number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None


class StageResult(BaseModel):
    """Base class of the results of the six stages.

    Attributes:
        outcome: `done`; `blocked` when the gate rejected the data; `waiting` when people must act before the loop can
            go on.
        headline: One sentence that tells people the result.
        measures: The measured numbers by name; they are logged as MLflow metrics.
        tables: DataFrames by name; each is stored as a Parquet file beside `result.json`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    VIEWS: ClassVar[tuple[str, ...]] = ()
    """Names of the tables whose rows the run's dataset holds, so that they are not stored a second time."""

    outcome: Outcome = "done"
    headline: str
    measures: dict[str, Measure] = {}
    tables: Annotated[Mapping[str, Any], SkipValidation] = Field(
        default_factory=dict, exclude=True, repr=False
    )

    _figures: dict[str, Any] = PrivateAttr(default_factory=dict)
    _stored: dict[str, bytes] = PrivateAttr(default_factory=dict)
    _dataset_rows: Any = PrivateAttr(default=None)

    def box_texts(self, metric: str) -> dict[str, str]:
        """Return the short texts that the diagram of the loop shows for this result, by the name of the diagram's box.

        Args:
            metric: The name of the task's primary metric.

        Returns:
            Texts by box; empty by default, which shows nothing.
        """
        return {}

    def _shown_measure(self, name: str) -> str:
        """Return a measure as a short text such as `accuracy 0.912`; empty if it was not measured.

        Args:
            name: The name of the measure.
        """
        measure = self.measures.get(name)
        return "" if measure is None or measure.value is None else f"{name} {measure.value:.3f}"

    def stored_pictures(self) -> dict[str, Figure]:
        """Return the figures that `save` stores as PNG files for the report, by name; none by default."""
        return {}

    def stored_picture(self, name: str) -> bytes | None:
        """Return the PNG bytes of a picture that was stored with this loaded result; None if none has this name."""
        return self._stored.get(name)

    def _cached_figure(self, name: str, draw: Callable[[], Figure]) -> Figure:
        """Draw a figure on the first call and return the same figure afterwards, since it is both displayed and stored.

        Args:
            name: The name of the figure, by which it is cached.
            draw: The function that draws it.
        """
        if name not in self._figures:
            self._figures[name] = draw()
        figure: Figure = self._figures[name]
        return figure

    def refer_to(self, dataset_rows: pd.DataFrame) -> None:
        """Make `save` store some tables as positions of rows in a dataset, so that the rows are not stored twice.

        These are the tables named in `VIEWS`, whose rows the dataset of the same run holds too.

        Args:
            dataset_rows: The rows of that dataset.
        """
        self._dataset_rows = dataset_rows

    def row_count(self, name: str) -> int:
        """Return the number of rows of a table, without reading the rows if the result is a stored one."""
        tables = self.tables
        return tables.row_count(name) if isinstance(tables, StoredTables) else len(tables[name])

    def metrics(self) -> dict[str, float]:
        """Return the result's numbers as flat MLflow metrics: `NAME`, `NAME_low` and `NAME_high`."""
        flat = {}
        for key, measure in self.measures.items():
            for suffix, value in (("", measure.value), ("_low", measure.low), ("_high", measure.high)):
                if value is not None:
                    flat[key + suffix] = float(value)
        return flat

    def save(self, folder: Path) -> None:
        """Save the result to a folder: `result.json`, a Parquet file for each table, a PNG file for each picture.

        Tables whose rows the run's dataset holds, see `refer_to`, are saved as views of it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        views = self._views()
        content = {
            "result": self.model_dump(mode="json"),
            "tables": sorted(self.tables),
            "views": {name: [str(column) for column in self.tables[name].columns] for name in views},
        }
        (folder / "result.json").write_text(
            json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8"
        )
        for name, rows in {**self.tables, **views}.items():
            rows.to_parquet(folder / f"{name}.parquet", index=False)
        for name, figure in self.stored_pictures().items():
            from veritrain_lib.reporting.document import Picture

            (folder / f"{name}.png").write_bytes(Picture(figure).png)

    def _views(self) -> dict[str, pd.DataFrame]:
        if self._dataset_rows is None or not self.VIEWS:
            return {}
        positions = DatasetPositions(self._dataset_rows)
        views = {name: positions.view_of(self.tables[name]) for name in self.VIEWS}
        return {name: view for name, view in views.items() if view is not None}

    @classmethod
    def load(cls, folder: Path, dataset_rows: Callable[[], pd.DataFrame] | None = None) -> Self:
        """Load a result from a folder that `save` wrote. Each table is parsed only when it is first used.

        Args:
            folder: The folder.
            dataset_rows: Function that returns the rows of the dataset that the same run made, for tables that are
                views of it.
        """
        content = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        result = cls(
            **content["result"],
            tables=StoredTables(folder, content["tables"], content["views"], dataset_rows),
        )
        result._stored.update((file.stem, file.read_bytes()) for file in folder.glob("*.png"))
        return result

    def measure_table(self) -> pd.DataFrame:
        """Return the result's measures as a DataFrame with the columns name, value, low, high, n."""
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
