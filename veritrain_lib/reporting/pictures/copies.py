"""Bar chart of the duplicates that the gate removed, by the text that was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    INK,
    NORMAL,
    SKY,
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


def copies(counts: pd.DataFrame, show: int = 12) -> Drawing:
    """Draw the duplicates that the gate removed: one bar per group of duplicates, stacked by kind, the largest on top.

    Args:
        counts: one row per group and kind: `group` (its number), `text` (the text that is kept), `kind` (how
            the duplicates were found), `copies` (number of removed rows; missing counts as 0).
        show: maximum number of groups to draw; the others are counted below the chart.

    Returns:
        The chart.

    Raises:
        UserError: a column is missing or not numeric.
    """
    title = "Duplicates, by the text that is kept"
    require_columns(counts, ("group", "text", "kind", "copies"), "copies")
    rows = to_floats(counts, "copies").fillna({"copies": 0})
    table = rows.pivot_table(index="group", columns="kind", values="copies", aggfunc="sum", fill_value=0)
    if not table.to_numpy().sum():
        return message_figure(title, "No row is a duplicate of another one.")
    ranked = table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    chosen = ranked.head(show).iloc[::-1]
    texts = rows.groupby("group")["text"].first().fillna("").astype(str)
    names = [shorten(texts[group] or "(not among these rows)", 44) for group in chosen.index]
    totals = chosen.sum(axis=1)
    total_copies = int(table.to_numpy().sum())
    alt = f"{title}. {total_copies} copies of {len(ranked)} messages; the largest group has {int(totals.max())}."
    drawing, axes = new_plot(title, bar_chart_height(len(chosen), fixed_height=1.5), alt)
    colours = dict(zip(chosen.columns, [BLUE, SKY, INK] * len(chosen.columns), strict=False))
    offsets = 0 * totals
    for kind in chosen.columns:
        axes.barh(
            range(len(chosen)), chosen[kind], left=offsets, color=colours[kind], height=0.6, label=str(kind)
        )
        offsets = offsets + chosen[kind]
    for position, total in enumerate(totals):
        axes.text(total, position, f" {int(total)}", va="center", fontsize=SMALL, color=INK, parse_math=False)
    axes.set_yticks(range(len(chosen)), names, parse_math=False)
    axes.set_ylim(-0.7, len(chosen) - 0.3)
    axes.grid(False, axis="y")
    axes.locator_params(axis="x", integer=True)
    axes.margins(x=0.08)
    axes.set_xlabel("copies", fontsize=NORMAL)
    axes.legend(
        fontsize=SMALL, frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2
    )
    rest = len(ranked) - len(chosen)
    add_note(drawing, count_phrase(rest, "smaller group is left out", "smaller groups are left out"))
    drawing.apply_fonts()
    return drawing
