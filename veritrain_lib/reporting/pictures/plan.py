"""Chart of the generation plan: the model's error and the number of requested rows, by slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    INK,
    NORMAL,
    SMALL,
    VERMILLION,
    add_note,
    bar_chart_height,
    message_figure,
    new_figure,
    require_columns,
    style_axes,
    to_floats,
)
from veritrain_lib.reporting.pictures.labels import count_phrase, percent, percent_tick, shorten

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing


def plan(plan: pd.DataFrame, show: int = 25) -> Drawing:
    """Draw the generation plan by slice: the model's error with its interval (left) and the requested rows (right).

    Args:
        plan: one row per slice: `slice`, `rows` (requested rows, 0 or more), `error`, `low`, `high` (0 to 1),
            `share` (of all requested rows, 0 to 1).
        show: maximum number of slices to draw, those with the most rows; the others are counted below the chart.

    Returns:
        The chart.

    Raises:
        UserError: a column is missing or not numeric.
    """
    title = "Plan: error by slice, and requested rows"
    columns = ("slice", "rows", "error", "low", "high", "share")
    require_columns(plan, columns, "plan")
    rows = to_floats(plan, *columns[1:])
    if rows.empty:
        return message_figure(title, "The plan requests no rows: no slice fails, or no budget is left.")
    ranked = rows.assign(rows=rows["rows"].fillna(0)).sort_values(
        ["rows", "error", "slice"], ascending=[False, False, True], kind="stable"
    )
    chosen = ranked.head(show).iloc[::-1].reset_index(drop=True)
    top = ranked.iloc[0]
    alt = f"{title}. {ranked['rows'].sum():,.0f} rows, most for {top['slice']}: {top['rows']:,.0f}."
    drawing = new_figure(title, bar_chart_height(len(chosen)), alt)
    error_axes, rows_axes = drawing.subplots(1, 2, sharey=True)
    for axes in (error_axes, rows_axes):
        style_axes(axes)
        axes.grid(False, axis="y")
    at = chosen.index.to_numpy()
    low, high = chosen["low"].fillna(chosen["error"]), chosen["high"].fillna(chosen["error"])
    error_axes.hlines(at, low, high, color=VERMILLION, linewidth=2.4, alpha=0.55)
    error_axes.plot(chosen["error"], at, "o", color=VERMILLION, ms=7)
    error_axes.set_yticks(at, [shorten(name, 34) for name in chosen["slice"]], parse_math=False)
    error_axes.set_ylim(-0.7, len(chosen) - 0.3)
    error_axes.set_xlim(left=0)
    error_axes.xaxis.set_major_formatter(percent_tick)
    error_axes.set_xlabel("error, with its interval", fontsize=NORMAL)
    bars = rows_axes.barh(at, chosen["rows"], color=BLUE, height=0.62)
    texts = [
        f"{count:,.0f}" + (f" ({percent(share, 0)})" if share == share else "")
        for count, share in zip(chosen["rows"], chosen["share"], strict=True)
    ]
    rows_axes.bar_label(bars, texts, padding=4, fontsize=SMALL, color=INK)
    rows_axes.margins(x=0.25)
    rows_axes.set_xlim(left=0)
    rows_axes.tick_params(axis="y", length=0)
    rows_axes.locator_params(axis="x", integer=True)
    rows_axes.set_xlabel("requested rows (share)", fontsize=NORMAL)
    rest = ranked.iloc[show:]["rows"]
    left_out = (
        f"{count_phrase(len(rest), 'more slice', 'more slices')} ({rest.sum():,.0f} rows) left out"
        if len(rest)
        else ""
    )
    add_note(drawing, left_out)
    drawing.apply_fonts()
    return drawing
