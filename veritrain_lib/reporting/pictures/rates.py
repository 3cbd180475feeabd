"""Chart of the rates (0 to 100 %) of a model that the stage `probe` measured on development rows, with intervals."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    INK,
    NORMAL,
    SMALL,
    add_note,
    bar_chart_height,
    message_figure,
    new_plot,
    require_columns,
    to_floats,
)
from veritrain_lib.reporting.pictures.labels import percent, percent_tick, shorten

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing


def rates(rates: pd.DataFrame, title: str = "What the probe measured") -> Drawing:
    """Draw the rates that the stage `probe` measured of a model, each as a dot with its interval, in the rows' order.

    Args:
        rates: one row per rate: `name`, `value`, `low`, `high` (0 to 1; a rate without a value is named below
            the chart), `n` (number of rows on which it was measured).
        title: title of the chart.

    Returns:
        The chart.

    Raises:
        UserError: a column is missing or not numeric, or a value lies outside 0 to 1.
    """
    require_columns(rates, ("name", "value", "low", "high", "n"), "rates")
    rows = to_floats(rates, "value", "low", "high", "n")
    outside = rows[(rows["value"] < 0) | (rows["value"] > 1)]
    if len(outside):
        row = outside.iloc[0]
        raise UserError(f"The chart rates needs values in 0..1; {row['name']!r} is {row['value']:g}.")
    measured = rows[rows["value"].notna()].iloc[::-1].reset_index(drop=True)
    if measured.empty:
        return message_figure(title, "Nothing has been measured yet: probe a model first.")
    alt = f"{title}. " + "; ".join(
        f"{name}: {percent(value)}" for name, value in zip(measured["name"], measured["value"], strict=True)
    )
    drawing, axes = new_plot(title, bar_chart_height(len(measured), row_height=0.36), alt)
    at = measured.index.to_numpy()
    low, high = measured["low"].fillna(measured["value"]), measured["high"].fillna(measured["value"])
    axes.hlines(at, low, high, color=BLUE, linewidth=3, alpha=0.55)
    axes.plot(measured["value"], at, "o", color=BLUE, ms=8)
    axes.set_yticks(at, [shorten(name) for name in measured["name"]], parse_math=False)
    axes.set_ylim(-0.7, len(measured) - 0.3)
    axes.set_xlim(-0.02, 1.02)
    axes.grid(False, axis="y")
    side = axes.get_yaxis_transform()
    for position, (value, lower, upper, n) in enumerate(measured[["value", "low", "high", "n"]].to_numpy()):
        bounds = "" if isnan(lower) or isnan(upper) else f" ({percent(lower)} to {percent(upper)})"
        count = "" if isnan(n) else f", n={n:,.0f}"
        text = f"{percent(value)}{bounds}{count}"
        axes.text(1.01, position, text, transform=side, va="center", fontsize=SMALL, color=INK)
    axes.xaxis.set_major_formatter(percent_tick)
    axes.set_xlabel("rate, with its interval", fontsize=NORMAL)
    unmeasured = rows[rows["value"].isna()]["name"].astype(str)
    add_note(drawing, f"not measured: {shorten(', '.join(unmeasured), 110)}" if len(unmeasured) else "")
    drawing.apply_fonts()
    return drawing
