"""What can the model do? Rates with their intervals, as the probe measured them."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    INK,
    NORMAL,
    SMALL,
    bars_height,
    blank,
    missing,
    numbers,
    remark,
    require,
)
from veritrain_lib.reporting.pictures.labels import percent, percent_tick, shorten

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing


def rates(rates: pd.DataFrame, title: str = "What the probe measured") -> Drawing:
    """A dot and an interval for each rate, from 0 to 100 %, in the order given.

    Args:
        rates: a row a rate: `name`, `value`, `low`, `high` (0..1; a rate without a value is named below the
            picture), `n` (rows it was measured on).
        title: over the picture.

    Raises:
        UserError: a column is absent, holds no numbers, or a value lies outside 0..1.
    """
    require(rates, ("name", "value", "low", "high", "n"), "rates")
    rows = numbers(rates, "value", "low", "high", "n")
    outside = rows[(rows["value"] < 0) | (rows["value"] > 1)]
    if len(outside):
        row = outside.iloc[0]
        raise UserError(f"The picture rates takes values in 0..1; {row['name']!r} is {row['value']:g}.")
    known = rows[rows["value"].notna()].iloc[::-1].reset_index(drop=True)
    if known.empty:
        return missing(title, "Nothing has been measured yet: probe a model first.")
    alt = f"{title}. " + "; ".join(
        f"{name}: {percent(value)}" for name, value in zip(known["name"], known["value"], strict=True)
    )
    drawing, axes = blank(title, bars_height(len(known), each=0.36), alt)
    at = known.index.to_numpy()
    low, high = known["low"].fillna(known["value"]), known["high"].fillna(known["value"])
    axes.hlines(at, low, high, color=BLUE, linewidth=3, alpha=0.55)
    axes.plot(known["value"], at, "o", color=BLUE, ms=8)
    axes.set_yticks(at, [shorten(name) for name in known["name"]], parse_math=False)
    axes.set_ylim(-0.7, len(known) - 0.3)
    axes.set_xlim(-0.02, 1.02)
    axes.grid(False, axis="y")
    side = axes.get_yaxis_transform()
    for place, (value, lower, upper, n) in enumerate(known[["value", "low", "high", "n"]].to_numpy()):
        bounds = "" if isnan(lower) or isnan(upper) else f" ({percent(lower)} to {percent(upper)})"
        count = "" if isnan(n) else f", n={n:,.0f}"
        text = f"{percent(value)}{bounds}{count}"
        axes.text(1.01, place, text, transform=side, va="center", fontsize=SMALL, color=INK)
    axes.xaxis.set_major_formatter(percent_tick)
    axes.set_xlabel("rate, with its interval", fontsize=NORMAL)
    silent = rows[rows["value"].isna()]["name"].astype(str)
    remark(drawing, f"not measured: {shorten(', '.join(silent), 110)}" if len(silent) else "")
    drawing.use_fonts()
    return drawing
