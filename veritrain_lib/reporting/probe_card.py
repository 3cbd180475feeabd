"""The probe card: what was measured of one model, or of several side by side, with intervals."""

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
    """A card that shows itself in a notebook.

    Attributes:
        measures: a row a measure of a model: `model`, `measure`, `title`, `says`, `unit` (rate, seconds,
            dollars), `lower_is_better`, `value`, `low`, `high` (95 %; missing where unknown), `n` (rows).
        notes: sentences on what was not measured.
    """

    measures: pd.DataFrame
    notes: Sequence[str] = ()

    @property
    def models(self) -> list[str]:
        """The models' addresses, in the order of the columns."""
        return list(dict.fromkeys(self.measures["model"]))

    def table(self) -> pd.DataFrame:
        """A row a measure, a column a model: value, interval and rows as text; a dash where there is none."""
        import pandas as pd

        named = self.measures.drop_duplicates("measure")
        columns: dict[str, list[str]] = {
            "measure": [
                f"{title} (low is good)" if low else title
                for title, low in zip(named["title"], named["lower_is_better"], strict=True)
            ]
        }
        for model in self.models:
            own = self.measures[self.measures["model"] == model].set_index("measure")
            columns[model] = [
                _written(own.loc[name]) if name in own.index else MISSING for name in named["measure"]
            ]
        columns["what it counts"] = named["says"].tolist()
        return pd.DataFrame(columns)

    def picture(self) -> Drawing:
        """All rates with their intervals, a colour and a mark a model."""
        from veritrain_lib.reporting.pictures.side_by_side import side_by_side

        return side_by_side(self.measures)

    def _repr_html_(self) -> str:
        from veritrain_lib.reporting.html import picture_markup, table_html
        from veritrain_lib.reporting.render import png

        drawn = self.picture()
        said = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        image = picture_markup(png(drawn), drawn.alt)
        return table_html(self.table(), caption="Probe card, with 95 % intervals") + said + image


def _written(row: pd.Series) -> str:
    value, low, high, n = (
        math.nan if row[name] is None else row[name] for name in ("value", "low", "high", "n")
    )
    if math.isnan(value):
        return MISSING
    bounds = ""
    if not math.isnan(low):
        upper = "open" if math.isnan(high) else _number(high, row["unit"])
        bounds = f" ({_number(low, row['unit'])} to {upper})"
    return f"{_number(value, row['unit'])}{bounds}, n={n:,.0f}"


def _number(value: float, unit: str) -> str:
    if unit == "rate":
        return f"{100 * value:.1f} %"
    if unit == "points":
        return f"{value:.1f}"
    if unit == "seconds":
        return f"{1000 * value:.3g} ms" if value < 1 else f"{value:.3g} s"
    return f"${value:.4g}"
