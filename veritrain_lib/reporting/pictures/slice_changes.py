"""Where did the challenger gain and lose? Every slice's difference with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    NORMAL,
    SMALL,
    VERMILLION,
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

# Shape and colour both tell the verdict.
LOOKS = {
    "better": (GREEN, "^"),
    "not worse": (BLUE, "o"),
    "worse": (VERMILLION, "v"),
    "can't tell": (GREY, "D"),
}


def slice_changes(slices: pd.DataFrame, show: int = 25) -> Drawing:
    """Challenger minus champion by slice, the largest changes of either sign first.

    Args:
        slices: a row a slice: `name`, `n`, `champion`, `challenger`, `difference`, `low`, `high` (of the
            difference), `verdict` (`better`, `not worse`, `worse`, `can't tell`; others are drawn grey).
        show: how many slices at most; the rest is counted below the picture. `worse` ones are never left out
            for less changed ones.

    Raises:
        UserError: a column is absent or holds no numbers.
    """
    title = "Change by slice: challenger minus champion"
    columns = ("name", "n", "champion", "challenger", "difference", "low", "high", "verdict")
    require(slices, columns, "slice_changes")
    rows = numbers(slices, *columns[1:7])
    known = rows[rows["difference"].notna()]
    if known.empty:
        return missing(title, "No slice has rows to compare: evaluate a challenger on data with slices.")
    order = known.assign(
        _worse=known["verdict"].astype(str).ne("worse"), _size=-known["difference"].abs()
    ).sort_values(["_worse", "_size"], kind="stable")
    chosen = order.head(show).sort_values("difference", kind="stable").reset_index(drop=True)
    counts = known["verdict"].astype(str).value_counts().sort_index()
    alt = f"{title}. " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) + "."
    drawing, axes = blank(title, bars_height(len(chosen), around=1.5), alt)
    present = set(chosen["verdict"].astype(str))
    for verdict in [*(word for word in LOOKS if word in present), *sorted(present - set(LOOKS))]:
        part = chosen[chosen["verdict"].astype(str) == verdict]
        colour, marker = LOOKS.get(verdict, (GREY, "s"))
        at = part.index.to_numpy()
        low, high = part["low"].fillna(part["difference"]), part["high"].fillna(part["difference"])
        axes.hlines(at, low, high, color=colour, linewidth=2.2, alpha=0.75)
        axes.plot(part["difference"], at, marker, color=colour, ms=7, label=verdict)
    axes.axvline(0, color=INK, linewidth=1.1)
    axes.set_yticks(
        range(len(chosen)),
        [
            f"{shorten(name)}  (n={n:.0f})"
            for name, n in zip(chosen["name"], chosen["n"].fillna(0), strict=True)
        ],
        parse_math=False,
    )
    axes.set_ylim(-0.7, len(chosen) - 0.3)
    axes.grid(False, axis="y")
    side = axes.get_yaxis_transform()
    for row, (old, new) in enumerate(zip(chosen["champion"], chosen["challenger"], strict=True)):
        axes.text(1.01, row, f"{old:.2f} → {new:.2f}", transform=side, va="center", fontsize=SMALL, color=INK)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+.3g}" if abs(value) > 1e-9 else "0")
    axes.locator_params(axis="x", nbins=7)
    axes.set_xlabel("difference, with its interval", fontsize=NORMAL)
    axes.legend(
        fontsize=SMALL, frameon=False, ncols=4, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2
    )
    notes = (
        counted(
            len(known) - len(chosen), "less changed slice is left out", "less changed slices are left out"
        ),
        counted(len(rows) - len(known), "slice has no rows", "slices have no rows"),
    )
    remark(drawing, "; ".join(note for note in notes if note))
    drawing.use_fonts()
    return drawing
