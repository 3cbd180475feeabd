"""Chart of a sweep: the mean score of each setting over its seeds, as a dot with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import BLUE, GREEN, GREY, ORANGE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


KINDS = (
    ("best", "best", GREEN, "D"),
    ("within noise", "within noise of the best", BLUE, "o"),
    ("differs", "differs from the best", ORANGE, "s"),
    ("not tested", "not tested", GREY, "o"),
)
"""Values of the column `against_best`, each with its text in the legend, its colour and its marker."""


def arms(table: pd.DataFrame, metric: str, title: str = "Settings on development rows") -> Figure:
    """Return a chart of the mean score of each setting ("arm") of a sweep with its interval, the best setting on top.

    Args:
        table: one row per setting: `arm` (its name), `seeds` (number of seeds), `mean`, `low` and `high` (may
            be missing) and `against_best` (`best`, `within noise`, `differs` or `not tested`).
        metric: name of the metric, for the axis.
        title: title of the chart.

    Raises:
        UserError: a column is missing or not numeric.
    """
    from veritrain_lib.reporting.pictures.canvas import (
        INK,
        NORMAL,
        SMALL,
        bar_chart_height,
        message_figure,
        new_plot,
        require_columns,
        to_floats,
    )
    from veritrain_lib.reporting.pictures.labels import shorten

    require_columns(table, ("arm", "seeds", "mean", "low", "high", "against_best"), "arms")
    if not len(table):
        return message_figure(title, "No setting has a model yet.")
    rows = to_floats(table, "mean", "low", "high")
    best = rows["mean"][rows["against_best"] == "best"]
    lower_is_better = bool(len(best)) and bool((rows["mean"] >= best.iloc[0]).all()) and len(rows) > 1
    # The last row is drawn on top.
    rows = rows.sort_values(["mean", "arm"], ascending=not lower_is_better).reset_index(drop=True)
    alt = f"{title}. " + "; ".join(
        f"{name} {mean:.3f}, {relation}"
        for name, mean, relation in zip(rows["arm"], rows["mean"], rows["against_best"], strict=True)
    )
    drawing, axes = new_plot(title, bar_chart_height(len(rows), row_height=0.42, fixed_height=1.5), alt)
    for kind, label, colour, marker in KINDS:
        chosen = rows["against_best"] == kind
        at = rows.index[chosen]
        if len(at):
            axes.hlines(at, rows["low"][chosen], rows["high"][chosen], color=colour, linewidth=3, alpha=0.55)
            axes.plot(rows["mean"][chosen], at, marker, color=colour, ms=8, label=label)
    names = [
        shorten(f"{name}, {seeds} seed(s)", 60)
        for name, seeds in zip(rows["arm"], rows["seeds"], strict=True)
    ]
    axes.set_yticks(rows.index.to_numpy(), names, parse_math=False)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.grid(False, axis="y")
    side = axes.get_yaxis_transform()
    for position, (mean, low, high) in enumerate(zip(rows["mean"], rows["low"], rows["high"], strict=True)):
        text = f"{mean:.3f}" + (f" ({low:.3f} to {high:.3f})" if low == low else "")
        axes.text(1.01, position, text, transform=side, va="center", fontsize=SMALL, color=INK)
    axes.set_xlabel(f"{metric}, mean over seeds with its 95 % interval", fontsize=NORMAL)
    axes.legend(
        fontsize=SMALL, frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2
    )
    drawing.apply_fonts()
    return drawing
