"""Does the loop learn? The champion's metric, round by round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    GREEN,
    INK,
    NORMAL,
    SMALL,
    blank,
    missing,
    numbers,
    remark,
    require,
)
from veritrain_lib.reporting.pictures.labels import counted

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing


def learning_curve(rounds: pd.DataFrame, metric: str, goal: float | None = None) -> Drawing:
    """The metric with its interval over the rounds; a filled dot was promoted, a hollow one was not.

    Args:
        rounds: a row a round: `round` (whole number), `value`, `low`, `high` (in the metric's unit; a missing
            bound draws no bar, a missing value no dot), `promoted` (bool).
        metric: the metric's name, for the title and the axis.
        goal: the task's target, drawn as a line; None for none.

    Raises:
        UserError: a column is absent or holds no numbers.
    """
    title = f"Learning curve: {metric} by round"
    require(rounds, ("round", "value", "low", "high", "promoted"), "learning_curve")
    rows = numbers(rounds, "round", "value", "low", "high").sort_values("round", kind="stable")
    shown = rows[rows["value"].notna() & rows["round"].notna()]
    if shown.empty:
        return missing(title, "No round has been evaluated yet: run the loop, then look again.")
    first, last = shown.iloc[0], shown.iloc[-1]
    alt = (
        f"{title}. From {first['value']:.3f} in round {first['round']:g} "
        f"to {last['value']:.3f} in round {last['round']:g}."
    )
    drawing, axes = blank(title, 3.8, alt)
    x, y = shown["round"].to_numpy(), shown["value"].to_numpy()
    below = (shown["value"] - shown["low"]).clip(lower=0).fillna(0).to_numpy()
    above = (shown["high"] - shown["value"]).clip(lower=0).fillna(0).to_numpy()
    axes.plot(x, y, color=BLUE, linewidth=1.6, zorder=2)
    axes.errorbar(x, y, yerr=[below, above], fmt="none", ecolor=BLUE, elinewidth=1.2, capsize=4, zorder=2)
    promoted = shown["promoted"].fillna(False).astype(bool).to_numpy()
    for kind, face, label in ((promoted, BLUE, "promoted"), (~promoted, "white", "not promoted")):
        if kind.any():
            axes.plot(x[kind], y[kind], "o", ms=8, mfc=face, mec=BLUE, mew=1.6, zorder=3, label=label)
    for at, (number, value) in enumerate(zip(x, y, strict=True)):
        if len(x) > 12 and 0 < at < len(x) - 1:
            continue
        # Away from the line to the next dot.
        rises = at + 1 < len(y) and y[at + 1] > value
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
    remark(drawing, counted(absent, "round has no value", "rounds have no value"))
    drawing.use_fonts()
    return drawing
