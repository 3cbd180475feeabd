"""Learning curve: the metric of the champion by round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    GREEN,
    INK,
    NORMAL,
    SMALL,
    add_note,
    message_figure,
    new_plot,
    require_columns,
    to_floats,
)
from veritrain_lib.reporting.pictures.labels import count_phrase

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing


def learning_curve(rounds: pd.DataFrame, metric: str, goal: float | None = None) -> Drawing:
    """Draw the metric with its interval by round; filled dots were promoted, hollow ones were not.

    Args:
        rounds: one row per round: `round` (whole number), `value`, `low`, `high` (in the metric's unit; a missing
            bound draws no bar, a missing value no dot), `promoted` (bool).
        metric: name of the metric, for the title and the axis.
        goal: goal of the task, drawn as a line; None for no line.

    Raises:
        UserError: a column is missing or not numeric.
    """
    title = f"Learning curve: {metric} by round"
    require_columns(rounds, ("round", "value", "low", "high", "promoted"), "learning_curve")
    rows = to_floats(rounds, "round", "value", "low", "high").sort_values("round", kind="stable")
    shown = rows[rows["value"].notna() & rows["round"].notna()]
    if shown.empty:
        return message_figure(title, "No round has been evaluated yet: run the loop first.")
    first, last = shown.iloc[0], shown.iloc[-1]
    alt = (
        f"{title}. From {first['value']:.3f} in round {first['round']:g} "
        f"to {last['value']:.3f} in round {last['round']:g}."
    )
    drawing, axes = new_plot(title, 3.8, alt)
    x, y = shown["round"].to_numpy(), shown["value"].to_numpy()
    below = (shown["value"] - shown["low"]).clip(lower=0).fillna(0).to_numpy()
    above = (shown["high"] - shown["value"]).clip(lower=0).fillna(0).to_numpy()
    axes.plot(x, y, color=BLUE, linewidth=1.6, zorder=2)
    axes.errorbar(x, y, yerr=[below, above], fmt="none", ecolor=BLUE, elinewidth=1.2, capsize=4, zorder=2)
    promoted = shown["promoted"].fillna(False).astype(bool).to_numpy()
    for kind, face, label in ((promoted, BLUE, "promoted"), (~promoted, "white", "not promoted")):
        if kind.any():
            axes.plot(x[kind], y[kind], "o", ms=8, mfc=face, mec=BLUE, mew=1.6, zorder=3, label=label)
    for position, (number, value) in enumerate(zip(x, y, strict=True)):
        if len(x) > 12 and 0 < position < len(x) - 1:
            continue
        # Place the label away from the line to the next dot.
        rises = position + 1 < len(y) and y[position + 1] > value
        axes.annotate(
            f"{value:.3f}",
            (number, value),
            (8, -13 if rises else 7),
            textcoords="offset points",
            fontsize=SMALL,
            color=INK,
        )
    if goal is not None:
        axes.axhline(goal, color=GREEN, linewidth=1.4, linestyle=(0, (5, 3)), label=f"goal {goal:g}")
    if len(x) <= 20:
        axes.set_xticks(sorted(set(x)))
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set_xlim(min(x) - 0.5, max(x) + 0.6)
    axes.margins(y=0.14)
    axes.set_xlabel("round", fontsize=NORMAL)
    axes.set_ylabel(metric, fontsize=NORMAL)
    axes.legend(fontsize=SMALL, frameon=False, loc="best")
    absent = len(rows) - len(shown)
    add_note(drawing, count_phrase(absent, "round has no value", "rounds have no value"))
    drawing.apply_fonts()
    return drawing
