"""Chart of the difference between challenger (the new model) and champion (the best so far) in each slice."""

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
    from matplotlib.axes import Axes

    from veritrain_lib.reporting.pictures.drawing import Drawing

# Marker shape and colour both encode the verdict.
MARKER_STYLES = {
    "better": (GREEN, "^"),
    "not worse": (BLUE, "o"),
    "worse": (VERMILLION, "v"),
    "can't tell": (GREY, "D"),
}


def slice_changes(slices: pd.DataFrame, show: int = 25) -> Drawing:
    """Draw by how much the challenger (the new model) differs from the champion (the best so far) in each slice.

    Args:
        slices: one row per slice: `name`, `n` (number of rows), `champion`, `challenger`, `difference`,
            `low`, `high` (interval of the difference), `verdict` (`better`, `not worse`, `worse` or `can't
            tell`; others are drawn in grey).
        show: maximum number of slices to draw: first those with the verdict `worse`, then those that changed
            most. The others are counted below the chart.

    Returns:
        The chart.

    Raises:
        UserError: a column is missing or not numeric.
    """
    title = "Change by slice: challenger minus champion"
    columns = ("name", "n", "champion", "challenger", "difference", "low", "high", "verdict")
    require_columns(slices, columns, "slice_changes")
    rows = to_floats(slices, *columns[1:7])
    compared = rows[rows["difference"].notna()]
    if compared.empty:
        return message_figure(
            title, "No slice has rows to compare: evaluate a challenger on data with slices."
        )
    chosen = _largest_changes(compared, show)
    counts = compared["verdict"].astype(str).value_counts().sort_index()
    alt = f"{title}. " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) + "."
    drawing, axes = new_plot(title, bar_chart_height(len(chosen), fixed_height=1.5), alt)
    _draw_markers(axes, chosen)
    _label_slices(axes, chosen)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+.3g}" if abs(value) > 1e-9 else "0")
    axes.locator_params(axis="x", nbins=7)
    axes.set_xlabel("difference, with its interval", fontsize=NORMAL)
    axes.legend(
        fontsize=SMALL, frameon=False, ncols=4, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2
    )
    notes = (
        count_phrase(
            len(compared) - len(chosen), "less changed slice is left out", "less changed slices are left out"
        ),
        count_phrase(len(rows) - len(compared), "slice has no rows", "slices have no rows"),
    )
    add_note(drawing, "; ".join(note for note in notes if note))
    drawing.apply_fonts()
    return drawing


def _largest_changes(compared: pd.DataFrame, show: int) -> pd.DataFrame:
    """Return the slices to draw: those with the verdict `worse`, then those that changed most, at most `show`.

    They are sorted by difference, the smallest first.
    """
    order = compared.assign(
        _worse=compared["verdict"].astype(str).ne("worse"), _size=-compared["difference"].abs()
    ).sort_values(["_worse", "_size"], kind="stable")
    return order.head(show).sort_values("difference", kind="stable").reset_index(drop=True)


def _draw_markers(axes: Axes, chosen: pd.DataFrame) -> None:
    """Draw each slice's difference with its interval, in the colour and shape of its verdict."""
    present = set(chosen["verdict"].astype(str))
    for verdict in [
        *(word for word in MARKER_STYLES if word in present),
        *sorted(present - set(MARKER_STYLES)),
    ]:
        part = chosen[chosen["verdict"].astype(str) == verdict]
        colour, marker = MARKER_STYLES.get(verdict, (GREY, "s"))
        at = part.index.to_numpy()
        low, high = part["low"].fillna(part["difference"]), part["high"].fillna(part["difference"])
        axes.hlines(at, low, high, color=colour, linewidth=2.2, alpha=0.75)
        axes.plot(part["difference"], at, marker, color=colour, ms=7, label=verdict)
    axes.axvline(0, color=INK, linewidth=1.1)


def _label_slices(axes: Axes, chosen: pd.DataFrame) -> None:
    """Write each slice's name and number of rows on the left, and the values of both models on the right."""
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
