"""Bar chart of the number of rows per label, before and after rows were added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    GREY,
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


def label_counts(counts: pd.DataFrame, show: int = 25, by: str = "label") -> Drawing:
    """Draw the number of training rows per label before and after rows were added, the largest change on top.

    Args:
        counts: one row per label: `label`, `before`, `after` (numbers of rows, 0 or more; missing counts as
            0).
        show: maximum number of labels to draw, those that changed most; the others are counted below the
            chart.
        by: name of the column whose values are counted, for the title.

    Returns:
        The chart.

    Raises:
        UserError: a column is missing or not numeric.
    """
    title = f"Rows by {shorten(by, 30)}, before and after"
    require_columns(counts, ("label", "before", "after"), "label_counts")
    rows = to_floats(counts, "before", "after")
    if rows.empty:
        return message_figure(title, "There are no labels to count: the dataset is empty.")
    rows = rows.assign(before=rows["before"].fillna(0), after=rows["after"].fillna(0))
    ranked = rows.assign(_change=(rows["after"] - rows["before"]).abs()).sort_values(
        ["_change", "after", "label"], ascending=[False, False, True], kind="stable"
    )
    chosen = ranked.head(show).iloc[::-1].reset_index(drop=True)
    alt = f"{title}. {rows['before'].sum():,.0f} rows before, {rows['after'].sum():,.0f} after."
    drawing, axes = new_plot(title, bar_chart_height(len(chosen), row_height=0.4, fixed_height=1.5), alt)
    at = chosen.index.to_numpy()
    axes.barh(at + 0.2, chosen["before"], height=0.36, color=GREY, label="before")
    bars = axes.barh(at - 0.2, chosen["after"], height=0.36, color=BLUE, label="after")
    texts = [
        f"{after:,.0f} ({after - before:+,.0f})"
        for before, after in zip(chosen["before"], chosen["after"], strict=True)
    ]
    axes.bar_label(bars, texts, padding=4, fontsize=SMALL, color=INK)
    axes.set_yticks(at, [shorten(label) for label in chosen["label"]], parse_math=False)
    axes.set_ylim(-0.7, len(chosen) - 0.3)
    axes.grid(False, axis="y")
    axes.margins(x=0.12)
    axes.locator_params(axis="x", integer=True)
    axes.set_xlabel("rows", fontsize=NORMAL)
    axes.legend(
        fontsize=SMALL, frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2
    )
    rest = len(ranked) - len(chosen)
    add_note(
        drawing,
        count_phrase(rest, "label that changed less is left out", "labels that changed less are left out"),
    )
    drawing.apply_fonts()
    return drawing
