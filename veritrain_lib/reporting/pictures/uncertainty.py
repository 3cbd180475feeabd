"""Histogram of a student model's margins on pool rows: the selected rows compared with all rows.

The margin of a row is the gap between the model's two best scores; a small margin means an uncertain answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    GREY,
    NORMAL,
    SMALL,
    add_note,
    message_figure,
    new_plot,
    require_columns,
    to_floats,
)
from veritrain_lib.reporting.pictures.labels import count_phrase, percent

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing

BINS = 40


def uncertainty(margins: pd.DataFrame) -> Drawing:
    """Draw a histogram of a student model's margins on pool rows, for the selected rows and for all rows.

    Args:
        margins: one row per pool row: `margin` (gap between the two best scores; smaller is less certain;
            missing ones are counted below the chart), `chosen` (bool).

    Returns:
        The chart.

    Raises:
        UserError: a column is missing or not numeric.
    """
    import numpy as np

    title = "Selected rows by the margin of the student"
    require_columns(margins, ("margin", "chosen"), "uncertainty")
    rows = to_floats(margins, "margin")
    scored = rows[np.isfinite(rows["margin"])]
    if scored.empty:
        return message_figure(
            title, "No row of the pool has a score: the student returned none, or the pool is empty."
        )
    selected = scored[scored["chosen"].fillna(False).astype(bool)]["margin"]
    low, high = float(scored["margin"].min()), float(scored["margin"].max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BINS + 1)
    share = len(selected) / len(scored)
    median = f", median {selected.median():.3f}" if len(selected) else ""
    alt = (
        f"{title}. {len(selected):,} of {len(scored):,} rows selected ({percent(share)}){median}; "
        f"median of all {scored['margin'].median():.3f}."
    )
    drawing, axes = new_plot(title, 3.6, alt)
    axes.hist(scored["margin"], bins=edges.tolist(), color=GREY, alpha=0.55, label=f"all {len(scored):,}")
    # Outlined as well, so that it stands out in greyscale print.
    axes.hist(
        selected,
        bins=edges.tolist(),
        color=BLUE,
        edgecolor="white",
        linewidth=0.6,
        label=f"selected {len(selected):,}",
    )
    axes.set_xlabel("margin: best score minus second best (smaller is less certain)", fontsize=NORMAL)
    axes.set_ylabel("rows", fontsize=NORMAL)
    axes.locator_params(axis="y", integer=True)
    axes.legend(fontsize=SMALL, frameon=False)
    absent = len(rows) - len(scored)
    add_note(drawing, count_phrase(absent, "row has no margin", "rows have no margin"))
    drawing.apply_fonts()
    return drawing
