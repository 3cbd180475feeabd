"""Which messages came again and again, and how many copies of each did the gate take out?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    INK,
    NORMAL,
    SKY,
    SMALL,
    bars_height,
    blank,
    missing,
    numbers,
    remark,
    require,
)
from veritrain_lib.reporting.pictures.labels import counted, shorten

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing


def copies(counts: pd.DataFrame, show: int = 12) -> Drawing:
    """A bar a group of copies, the largest on top, cut by what kind of copy they are.

    Args:
        counts: a row a group and kind: `group` (its number), `text` (the message that stays), `kind` (how the copies were
            found), `copies` (rows, 0 or more; missing counts as 0).
        show: how many groups at most; the rest is counted below the picture.

    Raises:
        UserError: a column is absent or holds no numbers.
    """
    title = "Copies, by the message that stays"
    require(counts, ("group", "text", "kind", "copies"), "copies")
    rows = numbers(counts, "copies").fillna({"copies": 0})
    table = rows.pivot_table(index="group", columns="kind", values="copies", aggfunc="sum", fill_value=0)
    if not table.to_numpy().sum():
        return missing(title, "No row was a copy of another one.")
    ranked = table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    chosen = ranked.head(show).iloc[::-1]
    texts = rows.groupby("group")["text"].first().fillna("").astype(str)
    names = [shorten(texts[group] or "(not among these rows)", 44) for group in chosen.index]
    totals = chosen.sum(axis=1)
    whole = int(table.to_numpy().sum())
    alt = f"{title}. {whole} copies of {len(ranked)} messages; the largest group has {int(totals.max())}."
    drawing, axes = blank(title, bars_height(len(chosen), around=1.5), alt)
    colours = dict(zip(chosen.columns, [BLUE, SKY, INK] * len(chosen.columns), strict=False))
    before = 0 * totals
    for kind in chosen.columns:
        axes.barh(
            range(len(chosen)), chosen[kind], left=before, color=colours[kind], height=0.6, label=str(kind)
        )
        before = before + chosen[kind]
    for at, total in enumerate(totals):
        axes.text(total, at, f" {int(total)}", va="center", fontsize=SMALL, color=INK, parse_math=False)
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
    remark(drawing, counted(rest, "smaller group is left out", "smaller groups are left out"))
    drawing.use_fonts()
    return drawing
