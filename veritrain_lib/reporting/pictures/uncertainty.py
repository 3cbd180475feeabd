"""Did the choice take the rows that the student is least sure of?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    GREY,
    NORMAL,
    SMALL,
    blank,
    missing,
    numbers,
    remark,
    require,
)
from veritrain_lib.reporting.pictures.labels import counted, percent

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing

BINS = 40


def uncertainty(margins: pd.DataFrame) -> Drawing:
    """Histogram of the margins: the chosen rows against the whole pool.

    Args:
        margins: a row a candidate: `margin` (the best score less the second best; smaller is less certain; a
            missing one is counted below the picture), `chosen` (bool).

    Raises:
        UserError: a column is absent or holds no numbers.
    """
    import numpy as np

    title = "Which rows were chosen: the student's margin"
    require(margins, ("margin", "chosen"), "uncertainty")
    rows = numbers(margins, "margin")
    known = rows[np.isfinite(rows["margin"])]
    if known.empty:
        return missing(title, "No row of the pool has a score: the student gave none, or the pool is empty.")
    taken = known[known["chosen"].fillna(False).astype(bool)]["margin"]
    low, high = float(known["margin"].min()), float(known["margin"].max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BINS + 1)
    share = len(taken) / len(known)
    middle = f", median {taken.median():.3f}" if len(taken) else ""
    alt = (
        f"{title}. {len(taken):,} of {len(known):,} rows chosen ({percent(share)}){middle}; "
        f"median of all {known['margin'].median():.3f}."
    )
    drawing, axes = blank(title, 3.6, alt)
    axes.hist(known["margin"], bins=edges.tolist(), color=GREY, alpha=0.55, label=f"all {len(known):,}")
    # Outlined as well, so that it stands out in grey print.
    axes.hist(
        taken,
        bins=edges.tolist(),
        color=BLUE,
        edgecolor="white",
        linewidth=0.6,
        label=f"chosen {len(taken):,}",
    )
    axes.set_xlabel("margin: best score less second best (small is unsure)", fontsize=NORMAL)
    axes.set_ylabel("rows", fontsize=NORMAL)
    axes.locator_params(axis="y", integer=True)
    axes.legend(fontsize=SMALL, frameon=False)
    absent = len(rows) - len(known)
    remark(drawing, counted(absent, "row has no margin", "rows have no margin"))
    drawing.use_fonts()
    return drawing
