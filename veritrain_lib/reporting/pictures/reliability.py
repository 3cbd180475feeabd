"""Reliability diagram of a model: its accuracy by its stated confidence, with one dot per bin of confidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    GREY,
    NORMAL,
    SMALL,
    message_figure,
    new_plot,
    require_columns,
    to_floats,
)
from veritrain_lib.reporting.pictures.labels import percent_tick

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing


def reliability(bins: pd.DataFrame) -> Drawing:
    """Draw a model's accuracy by its stated confidence; dots below the dashed diagonal mean overconfidence.

    Args:
        bins: one row per bin of confidence: `low`, `high` (its bounds), `n` (number of rows), `confidence`
            and `right` (mean confidence and accuracy, 0 to 1; missing in an empty bin).

    Returns:
        The chart.

    Raises:
        UserError: a column is missing or not numeric.
    """
    title = "Reliability: accuracy by confidence"
    require_columns(bins, ("low", "high", "n", "confidence", "right"), "reliability")
    rows = to_floats(bins, "low", "high", "n", "confidence", "right")
    filled = rows[rows["n"] > 0]
    if filled.empty:
        return message_figure(title, "The model returns no scores from 0 to 1 with its answers.")
    alt = f"{title}. " + "; ".join(
        f"confidence {row.confidence:.0%}, accuracy {row.right:.0%} of {row.n:.0f}"
        for row in filled.itertuples()
    )
    drawing, axes = new_plot(title, 4.2, alt)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1.1, linestyle=(0, (5, 3)), label="perfect calibration")
    axes.vlines(
        filled["confidence"], filled["confidence"], filled["right"], color=BLUE, linewidth=2, alpha=0.4
    )
    sizes = 30 + 270 * filled["n"] / filled["n"].max()
    axes.scatter(
        filled["confidence"], filled["right"], s=sizes, color=BLUE, label="answers (larger: more rows)"
    )
    for count, confidence, accuracy in filled[["n", "confidence", "right"]].to_numpy():
        axes.annotate(
            f"n={count:.0f}",
            (confidence, accuracy),
            (11, -3),
            textcoords="offset points",
            fontsize=SMALL,
        )
    axes.set_xlim(-0.03, 1.06)
    axes.set_ylim(-0.05, 1.05)
    axes.xaxis.set_major_formatter(percent_tick)
    axes.yaxis.set_major_formatter(percent_tick)
    axes.set_xlabel("confidence: score of the best candidate", fontsize=NORMAL)
    axes.set_ylabel("accuracy", fontsize=NORMAL)
    axes.legend(fontsize=SMALL, frameon=False, loc="upper left")
    drawing.apply_fonts()
    return drawing
