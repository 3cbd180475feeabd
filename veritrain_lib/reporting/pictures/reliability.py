"""Is the model as often right as it is sure? Share right over confidence, a dot a bin."""

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
    require,
)
from veritrain_lib.reporting.pictures.labels import percent_tick

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing


def reliability(bins: pd.DataFrame) -> Drawing:
    """Dots on the dashed line are honest; below it the model is surer than it is right.

    Args:
        bins: a row a bin: `low`, `high` (its bounds), `n` (rows, 0 or more), `confidence`, `right` (means, 0..1,
            missing in an empty bin).

    Raises:
        UserError: a column is absent or holds no numbers.
    """
    title = "How often it is right, where it is how sure"
    require(bins, ("low", "high", "n", "confidence", "right"), "reliability")
    rows = numbers(bins, "low", "high", "n", "confidence", "right")
    full = rows[rows["n"] > 0]
    if full.empty:
        return missing(title, "The model gives no score from 0 to 1 with its answers.")
    alt = f"{title}. " + "; ".join(
        f"sure {row.confidence:.0%}, right {row.right:.0%} of {row.n:.0f}" for row in full.itertuples()
    )
    drawing, axes = blank(title, 4.2, alt)
    axes.plot(
        [0, 1], [0, 1], color=GREY, linewidth=1.1, linestyle=(0, (5, 3)), label="as often right as sure"
    )
    axes.vlines(full["confidence"], full["confidence"], full["right"], color=BLUE, linewidth=2, alpha=0.4)
    sizes = 30 + 270 * full["n"] / full["n"].max()
    axes.scatter(full["confidence"], full["right"], s=sizes, color=BLUE, label="answers (larger: more rows)")
    for count, sure, right in full[["n", "confidence", "right"]].to_numpy():
        axes.annotate(
            f"n={count:.0f}",
            (sure, right),
            (11, -3),
            textcoords="offset points",
            fontsize=SMALL,
        )
    axes.set_xlim(-0.03, 1.06)
    axes.set_ylim(-0.05, 1.05)
    axes.xaxis.set_major_formatter(percent_tick)
    axes.yaxis.set_major_formatter(percent_tick)
    axes.set_xlabel("confidence: score of the best candidate", fontsize=NORMAL)
    axes.set_ylabel("share right", fontsize=NORMAL)
    axes.legend(fontsize=SMALL, frameon=False, loc="upper left")
    drawing.use_fonts()
    return drawing
