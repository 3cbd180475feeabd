"""Chart of the loop's primary metric over its rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    GREEN,
    GREY,
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
    import numpy as np
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing


def learning_curve(
    rounds: pd.DataFrame,
    metric: str,
    goal: float | None = None,
    expected: tuple[float, float, float] | None = None,
) -> Drawing:
    """Draw the primary metric of each round with its interval; a filled dot means that the round's model was promoted.

    Args:
        rounds: one row per round: `round` (whole number), `value`, `low`, `high` (in the metric's unit;
            without a bound no bar is drawn, without a value no dot), `promoted` (bool).
        metric: name of the metric, for the title and the axis.
        goal: goal of the task, drawn as a line; None for no line.
        expected: forecast for one more round as (value, low, high), drawn as a cross after the last round;
            None for no forecast.

    Returns:
        The chart.

    Raises:
        UserError: a column is missing or not numeric.
    """
    import numpy as np

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
    _draw_dots(axes, x, y, shown["promoted"].fillna(False).astype(bool).to_numpy())
    _write_values(axes, x, y)
    if goal is not None:
        axes.axhline(goal, color=GREEN, linewidth=1.4, linestyle=(0, (5, 3)), label=f"goal {goal:g}")
    if expected is not None:
        _draw_expected(axes, (x[-1], y[-1]), expected)
        x = np.append(x, x[-1] + 1)
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


def _draw_dots(axes: Any, x: np.ndarray, y: np.ndarray, promoted: np.ndarray) -> None:
    """Draw the dot of each round: filled if its model was promoted, hollow if not."""
    for kind, face, label in ((promoted, BLUE, "promoted"), (~promoted, "white", "not promoted")):
        if kind.any():
            axes.plot(x[kind], y[kind], "o", ms=8, mfc=face, mec=BLUE, mew=1.6, zorder=3, label=label)


def _write_values(axes: Any, x: np.ndarray, y: np.ndarray) -> None:
    """Write the value beside each dot of the curve; with more than 12 dots only beside the first and the last."""
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


def _draw_expected(axes: Any, last: tuple[float, float], expected: tuple[float, float, float]) -> None:
    """Draw the forecast for one more round, with its interval, after the last round's dot.

    Args:
        axes: the axes.
        last: round and value of the last dot.
        expected: (value, low, high) of the forecast.
    """
    value, low, high = expected
    axes.plot(
        [last[0], last[0] + 1], [last[1], value], color=GREY, linewidth=1.2, linestyle=(0, (2, 2)), zorder=1
    )
    axes.errorbar(
        [last[0] + 1],
        [value],
        yerr=[[max(value - low, 0)], [max(high - value, 0)]],
        fmt="x",
        color=GREY,
        elinewidth=1.2,
        capsize=4,
        label="expected of one more round",
    )
