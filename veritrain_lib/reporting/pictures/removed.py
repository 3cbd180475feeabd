"""Bar chart of the share of rows that each gate rule rejected, with the limits of the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    GREY,
    INK,
    NORMAL,
    ORANGE,
    PALE,
    SMALL,
    VERMILLION,
    add_note,
    bar_chart_height,
    message_figure,
    new_plot,
    require_columns,
    to_floats,
)
from veritrain_lib.reporting.pictures.labels import count_phrase, percent, percent_tick, shorten

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from veritrain_lib.reporting.pictures.drawing import Drawing

BAD, WARNED = ("block", "fail", "refuse", "error"), ("warn",)
"""Beginnings of the outcomes that are drawn in vermillion and in orange; all other outcomes are drawn in blue."""


def removed(rules: pd.DataFrame, show: int = 25) -> Drawing:
    """Draw the share of rows that each gate rule rejected, and the limit above which the rule blocks the dataset.

    Args:
        rules: one row per rule: `rule`, `rejected` (number of rows), `share` and `limit` (of the rows, 0 to
            1; no limit is drawn for a rule without one), `outcome` (`passed`, `warned`, `blocked`, ...). If
            there is a column `kind`, only rules of kind `rows` are drawn, because rules about the dataset as
            a whole reject no rows.
        show: maximum number of rules to draw, first those that block, then those with the largest shares; the
            others are counted below the chart.

    Returns:
        The chart.

    Raises:
        UserError: a column is missing or not numeric.
    """
    title = "Rows removed by the gate, by rule"
    require_columns(rules, ("rule", "rejected", "share", "limit", "outcome"), "removed")
    about_rows = rules[rules["kind"] == "rows"] if "kind" in rules.columns else rules
    rows = to_floats(about_rows, "rejected", "share", "limit")
    if rows.empty:
        return message_figure(title, "No rule has run: give the task a gate suite, then run the gate.")
    ranked = rows.assign(
        share=rows["share"].fillna(0),
        rejected=rows["rejected"].fillna(0),
        _not_blocking=[_colour(outcome) != VERMILLION for outcome in rows["outcome"]],
    ).sort_values(["_not_blocking", "share", "rule"], ascending=[True, False, True], kind="stable")
    chosen = ranked.head(show).sort_values("share", kind="stable").reset_index(drop=True)
    values = zip(chosen["rejected"], chosen["share"], chosen["outcome"], strict=True)
    texts = [f"{rejected:,.0f} rows, {percent(share)}, {outcome}" for rejected, share, outcome in values]
    descriptions = [f"{rule}: {text}" for rule, text in zip(chosen["rule"], texts, strict=True)]
    alt = f"{title}. {'; '.join(reversed(descriptions))}."
    drawing, axes = new_plot(title, bar_chart_height(len(chosen), fixed_height=1.5), alt)
    colours = [_colour(outcome) for outcome in chosen["outcome"]]
    axes.barh(range(len(chosen)), chosen["share"], color=colours, height=0.6)
    limits = chosen["limit"].dropna()
    axes.plot(limits, limits.index, "|", color=INK, ms=17, mew=2.2)
    axes.set_yticks(range(len(chosen)), [shorten(rule) for rule in chosen["rule"]], parse_math=False)
    axes.set_ylim(-0.7, len(chosen) - 0.3)
    axes.set_xlim(0, max(float(chosen[["share", "limit"]].max().max()) * 1.06, 0.01))
    axes.grid(False, axis="y")
    side = axes.get_yaxis_transform()
    for position, text in enumerate(texts):
        axes.text(
            1.01, position, text, transform=side, va="center", fontsize=SMALL, color=INK, parse_math=False
        )
    axes.xaxis.set_major_formatter(percent_tick)
    axes.set_xlabel("share of the rows", fontsize=NORMAL)
    _legend(axes, set(colours))
    rest = len(ranked) - len(chosen)
    add_note(
        drawing,
        count_phrase(rest, "rule that rejected less is left out", "rules that rejected less are left out"),
    )
    drawing.apply_fonts()
    return drawing


def _colour(outcome: object) -> str:
    word = str(outcome).lower()
    return VERMILLION if word.startswith(BAD) else ORANGE if word.startswith(WARNED) else BLUE


def _legend(axes: Axes, colours: set[str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    words = {BLUE: "within its limit", ORANGE: "warned", VERMILLION: "blocks the dataset"}
    marks: list[Patch | Line2D] = [
        Patch(color=colour, label=word) for colour, word in words.items() if colour in colours
    ]
    marks.append(Line2D([], [], color=INK, marker="|", ms=13, mew=2.2, linestyle="none", label="limit"))
    axes.legend(
        handles=marks, fontsize=SMALL, frameon=False, ncols=4, loc="lower left", bbox_to_anchor=(0, 1),
        borderaxespad=0.2,
    )  # fmt: skip
    axes.spines["left"].set_color(PALE)
    axes.tick_params(axis="x", color=GREY)
