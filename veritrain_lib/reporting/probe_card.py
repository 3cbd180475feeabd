"""The probe card: what the stage `probe` measured of one or several models, with confidence intervals."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing

MISSING = "–"


@dataclass(frozen=True)
class ProbeCard:
    """Measurements of one or more models by the stage `probe`, displayed in a notebook as a table and a chart.

    Attributes:
        measures: one row per measure and model: `model`, `measure`, `title`, `says` (its explanation), `unit`
            (`rate`, `points`, `seconds` or `dollars`), `lower_is_better`, `value`, `low`, `high` (95 %
            interval; missing where unknown), `n` (number of rows).
        notes: sentences about measures that are missing.
    """

    measures: pd.DataFrame
    notes: Sequence[str] = ()

    @property
    def models(self) -> list[str]:
        """The addresses of the compared models, in the order of the table's columns."""
        return list(dict.fromkeys(self.measures["model"]))

    def table(self) -> pd.DataFrame:
        """Return the probe results as a table with one row per measure and one column per model.

        Each cell is a text with the value, its interval and the number of rows. A last column explains the
        measures.
        """
        import pandas as pd

        by_measure = self.measures.drop_duplicates("measure")
        columns: dict[str, list[str]] = {
            "measure": [
                f"{title} (lower is better)" if lower_is_better else title
                for title, lower_is_better in zip(
                    by_measure["title"], by_measure["lower_is_better"], strict=True
                )
            ]
        }
        for model in self.models:
            model_rows = self.measures[self.measures["model"] == model].set_index("measure")
            columns[model] = [
                _format_measure(model_rows.loc[name]) if name in model_rows.index else MISSING
                for name in by_measure["measure"]
            ]
        columns["what it counts"] = by_measure["says"].tolist()
        return pd.DataFrame(columns)

    def picture(self) -> Drawing:
        """Return a chart of the rates of all models with their intervals; each model has its own colour and marker."""
        from veritrain_lib.reporting.pictures.side_by_side import side_by_side

        return side_by_side(self.measures)

    def _repr_html_(self) -> str:
        from veritrain_lib.reporting.html import picture_markup, table_html
        from veritrain_lib.reporting.render import png

        drawing = self.picture()
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        image = picture_markup(png(drawing), drawing.alt)
        return table_html(self.table(), caption="Probe card, with 95 % intervals") + notes + image


def _format_measure(row: pd.Series) -> str:
    value, low, high, n = (
        math.nan if row[name] is None else row[name] for name in ("value", "low", "high", "n")
    )
    if math.isnan(value):
        return MISSING
    bounds = ""
    if not math.isnan(low):
        upper = "open" if math.isnan(high) else _format_value(high, row["unit"])
        bounds = f" ({_format_value(low, row['unit'])} to {upper})"
    return f"{_format_value(value, row['unit'])}{bounds}, n={n:,.0f}"


def _format_value(value: float, unit: str) -> str:
    if unit == "rate":
        return f"{100 * value:.1f} %"
    if unit == "points":
        return f"{value:.1f}"
    if unit == "seconds":
        return f"{1000 * value:.3g} ms" if value < 1 else f"{value:.3g} s"
    return f"${value:.4g}"
