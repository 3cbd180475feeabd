"""Chart that compares the rates of several models: one line per measure, with one dot and its interval per model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    GREEN,
    GREY,
    NORMAL,
    ORANGE,
    SKY,
    SMALL,
    VERMILLION,
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

MARKER_STYLES = ((BLUE, "o"), (VERMILLION, "s"), (GREEN, "D"), (ORANGE, "^"), (SKY, "v"), (GREY, "P"))
"""Colour and marker of each model, in order; they repeat from the seventh model on."""


def side_by_side(measures: pd.DataFrame, title: str = "Probe card") -> Drawing:
    """Return a chart of several models' rates (0 to 100 %) that the stage `probe` measured, each a dot with its interval.

    Args:
        measures: one row per measure and model: `model`, `title`, `unit` (only `rate` is drawn),
            `lower_is_better`, `value`, `low`, `high` (0 to 1; a measure without a value is omitted).
        title: title of the chart.

    Raises:
        UserError: a column is missing or not numeric.
    """
    require_columns(
        measures, ("model", "title", "unit", "lower_is_better", "value", "low", "high"), "side_by_side"
    )
    rows = to_floats(measures, "value", "low", "high")
    measured = rows[(rows["unit"] == "rate") & rows["value"].between(0, 1)]
    if measured.empty:
        return message_figure(title, "Nothing has been measured yet: probe a model first.")
    models, titles = list(dict.fromkeys(measured["model"])), list(dict.fromkeys(measured["title"]))
    lower_is_better = set(measured[measured["lower_is_better"].astype(bool)]["title"])
    alt = f"{title}. " + "; ".join(
        f"{model}, {name}: {percent(value)}"
        for model, name, value in zip(measured["model"], measured["title"], measured["value"], strict=True)
    )
    row_height = max(0.34, 0.16 * len(models) + 0.14)
    drawing, axes = new_plot(
        title, bar_chart_height(len(titles), row_height=row_height, fixed_height=1.5), alt
    )
    step = 0.7 / len(models)
    for number, model in enumerate(models):
        model_rows = measured[measured["model"] == model]
        colour, marker = MARKER_STYLES[number % len(MARKER_STYLES)]
        positions = [
            len(titles) - 1 - titles.index(name) + (len(models) - 1) / 2 * step - number * step
            for name in model_rows["title"]
        ]
        low, high = (
            model_rows["low"].fillna(model_rows["value"]),
            model_rows["high"].fillna(model_rows["value"]),
        )
        axes.hlines(positions, low, high, color=colour, linewidth=2.4, alpha=0.55)
        axes.plot(model_rows["value"], positions, marker, color=colour, ms=6.5, label=shorten(model, 44))
    names = [
        f"{shorten(name)} (lower is better)" if name in lower_is_better else shorten(name) for name in titles
    ]
    axes.set_yticks(range(len(titles)), names[::-1], parse_math=False)
    axes.set_ylim(-0.7, len(titles) - 0.3)
    axes.set_xlim(-0.02, 1.02)
    axes.grid(False, axis="y")
    for between in range(len(titles) - 1):
        axes.axhline(between + 0.5, color=GREY, linewidth=0.4, alpha=0.5)
    axes.xaxis.set_major_formatter(percent_tick)
    axes.set_xlabel("rate, with its interval", fontsize=NORMAL)
    axes.legend(
        fontsize=SMALL, frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2
    )
    hidden = sorted(set(rows[rows["unit"] != "rate"]["title"].astype(str)))
    add_note(drawing, f"in the table only: {shorten(', '.join(hidden), 110)}" if hidden else "")
    drawing.apply_fonts()
    return drawing
