"""Bar chart of a classifier's most frequent errors, as pairs of expected and answered label."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from veritrain_lib.reporting.pictures.labels import count_phrase, shorten

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing


def confused_pairs(pairs: pd.DataFrame, show: int = 15) -> Drawing:
    """Draw a classifier's most frequent errors as bars, one for each pair of expected and answered label.

    Args:
        pairs: one row per pair: `expected`, `answered`, `count` (number of rows, 0 or more); pairs of equal
            labels and pairs with count 0 are ignored.
        show: maximum number of pairs to draw; the others are counted below the chart.

    Returns:
        The chart.

    Raises:
        UserError: a column is missing or not numeric.
    """
    title = "Most frequent errors: expected → answered"
    require_columns(pairs, ("expected", "answered", "count"), "confused_pairs")
    rows = to_floats(pairs, "count")
    wrong = rows[(rows["expected"].astype(str) != rows["answered"].astype(str)) & (rows["count"] > 0)]
    if wrong.empty:
        return message_figure(title, "No error was found: every answer was right, or nothing was evaluated.")
    ranked = wrong.sort_values(
        ["count", "expected", "answered"], ascending=[False, True, True], kind="stable"
    )
    chosen = ranked.head(show).iloc[::-1].reset_index(drop=True)
    top = ranked.iloc[0]
    alt = f"{title}. Most often {top['expected']} was answered {top['answered']}: {top['count']:.0f} rows."
    drawing, axes = new_plot(title, bar_chart_height(len(chosen)), alt)
    bars = axes.barh(range(len(chosen)), chosen["count"], color=BLUE, height=0.66)
    axes.bar_label(bars, fmt="{:.0f}", padding=4, fontsize=SMALL, color=INK)
    names = [
        f"{shorten(left, 28)} → {shorten(right, 28)}"
        for left, right in zip(chosen["expected"], chosen["answered"], strict=True)
    ]
    axes.set_yticks(range(len(chosen)), names, parse_math=False)
    axes.set_ylim(-0.7, len(chosen) - 0.3)
    axes.grid(False, axis="y")
    axes.locator_params(axis="x", integer=True)
    axes.margins(x=0.08)
    axes.set_xlabel("rows", fontsize=NORMAL)
    rest = ranked.iloc[show:]["count"]
    left_out = (
        f"{count_phrase(len(rest), 'more kind', 'more kinds')} ({rest.sum():,.0f} rows) left out"
        if len(rest)
        else ""
    )
    add_note(drawing, left_out)
    drawing.apply_fonts()
    return drawing
