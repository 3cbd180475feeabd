"""Chart of a model comparison: the primary metric of each model with its 95 % interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def comparison_picture(models: pd.DataFrame, metric: str, title: str) -> Figure:
    """Draw each model's primary metric as a dot with its 95 % interval; the champion is a green diamond.

    Args:
        models: Table with the columns model, marks, training_rows (values may be missing), METRIC, METRIC_low and
            METRIC_high, in the unit of the metric.
        metric: Name of the metric.
        title: Title of the chart.

    Returns:
        The chart.
    """
    from veritrain_lib.reporting.pictures.canvas import (
        BLUE,
        GREEN,
        INK,
        NORMAL,
        SMALL,
        bar_chart_height,
        new_plot,
        to_floats,
    )
    from veritrain_lib.reporting.pictures.labels import shorten

    columns = (metric, f"{metric}_low", f"{metric}_high")
    rows = to_floats(models, *columns).iloc[::-1].reset_index(drop=True)
    value, low, high = (rows[column] for column in columns)
    alt = f"{title}. " + "; ".join(
        f"{name} {number:.3f}" for name, number in zip(models["model"], models[metric], strict=True)
    )
    drawing, axes = new_plot(title, bar_chart_height(len(rows), row_height=0.42, fixed_height=1.5), alt)
    champion = rows["marks"].str.contains("champion")
    for kind, colour, marker, label in ((champion, GREEN, "D", "champion"), (~champion, BLUE, "o", "other")):
        at = rows.index[kind]
        if len(at):
            axes.hlines(at, low[kind], high[kind], color=colour, linewidth=3, alpha=0.55)
            axes.plot(value[kind], at, marker, color=colour, ms=8, label=label)
    axes.set_yticks(
        rows.index.to_numpy(),
        [
            shorten(f"{name}, {count:,.0f} rows" if count == count else str(name), 44)
            for name, count in zip(rows["model"], rows["training_rows"].astype(float), strict=True)
        ],
        parse_math=False,
    )
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.grid(False, axis="y")
    side = axes.get_yaxis_transform()
    for position, (number, lower, upper) in enumerate(zip(value, low, high, strict=True)):
        text = f"{number:.3f} ({lower:.3f} to {upper:.3f})"
        axes.text(1.01, position, text, transform=side, va="center", fontsize=SMALL, color=INK)
    axes.set_xlabel(f"{metric}, with its 95 % interval", fontsize=NORMAL)
    if champion.any():
        axes.legend(
            fontsize=SMALL, frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2
        )
    drawing.apply_fonts()
    return drawing
