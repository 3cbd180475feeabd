"""Several models' rates in one picture: a line a measure, a dot with its interval a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    GREEN,
    GREY,
    NORMAL,
    ORANGE,
    SKY,
    SMALL,
    VERMILLION,
    bars_height,
    blank,
    missing,
    numbers,
    remark,
    require,
)
from veritrain_lib.reporting.pictures.labels import percent, percent_tick, shorten

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing

LOOKS = ((BLUE, "o"), (VERMILLION, "s"), (GREEN, "D"), (ORANGE, "^"), (SKY, "v"), (GREY, "P"))
"""Colour and mark a model; beyond six they come again."""


def side_by_side(measures: pd.DataFrame, title: str = "Probe card") -> Drawing:
    """A dot and an interval for each rate of each model, from 0 to 100 %.

    Args:
        measures: a row a measure of a model: `model`, `title`, `unit` (only `rate` is drawn),
            `lower_is_better`, `value`, `low`, `high` (0..1; a measure without a value is passed over).
        title: over the picture.

    Raises:
        UserError: a column is absent or holds no numbers.
    """
    require(measures, ("model", "title", "unit", "lower_is_better", "value", "low", "high"), "side_by_side")
    rows = numbers(measures, "value", "low", "high")
    known = rows[(rows["unit"] == "rate") & rows["value"].between(0, 1)]
    if known.empty:
        return missing(title, "Nothing has been measured yet: probe a model first.")
    models, titles = list(dict.fromkeys(known["model"])), list(dict.fromkeys(known["title"]))
    low_is_good = set(known[known["lower_is_better"].astype(bool)]["title"])
    alt = f"{title}. " + "; ".join(
        f"{model}, {name}: {percent(value)}"
        for model, name, value in zip(known["model"], known["title"], known["value"], strict=True)
    )
    each = max(0.34, 0.16 * len(models) + 0.14)
    drawing, axes = blank(title, bars_height(len(titles), each=each, around=1.5), alt)
    step = 0.7 / len(models)
    for number, model in enumerate(models):
        own = known[known["model"] == model]
        colour, mark = LOOKS[number % len(LOOKS)]
        at = [
            len(titles) - 1 - titles.index(name) + (len(models) - 1) / 2 * step - number * step
            for name in own["title"]
        ]
        low, high = own["low"].fillna(own["value"]), own["high"].fillna(own["value"])
        axes.hlines(at, low, high, color=colour, linewidth=2.4, alpha=0.55)
        axes.plot(own["value"], at, mark, color=colour, ms=6.5, label=shorten(model, 44))
    names = [f"{shorten(name)} (low is good)" if name in low_is_good else shorten(name) for name in titles]
    axes.set_yticks(range(len(titles)), names[::-1], parse_math=False)
    axes.set_ylim(-0.7, len(titles) - 0.3)
    axes.set_xlim(-0.02, 1.02)
    axes.grid(False, axis="y")
    for between in range(len(titles) - 1):
        axes.axhline(between + 0.5, color=GREY, linewidth=0.4, alpha=0.5)
    axes.xaxis.set_major_formatter(percent_tick)
    axes.set_xlabel("rate, with its interval", fontsize=NORMAL)
    axes.legend(
        fontsize=SMALL, frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2
    )
    hidden = sorted(set(rows[rows["unit"] != "rate"]["title"].astype(str)))
    remark(drawing, f"in the table only: {shorten(', '.join(hidden), 110)}" if hidden else "")
    drawing.use_fonts()
    return drawing
