"""How much is asked for, where and why: the plan before rows are generated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    INK,
    NORMAL,
    SMALL,
    VERMILLION,
    bars_height,
    missing,
    numbers,
    plain,
    remark,
    require,
    sheet,
)
from veritrain_lib.reporting.pictures.labels import counted, percent, percent_tick, shorten

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing


def plan(plan: pd.DataFrame, show: int = 25) -> Drawing:
    """Left why: the error of each slice with its interval. Right how much: the rows asked for.

    Args:
        plan: a row a slice: `slice`, `rows` (asked for, 0 or more), `error`, `low`, `high` (0..1),
            `share` (0..1 of all rows asked for).
        show: how many slices at most, those with the most rows; the rest is counted below the picture.

    Raises:
        UserError: a column is absent or holds no numbers.
    """
    title = "The plan: where the model errs, and how many rows are asked for"
    columns = ("slice", "rows", "error", "low", "high", "share")
    require(plan, columns, "plan")
    rows = numbers(plan, *columns[1:])
    if rows.empty:
        return missing(title, "The plan asks for nothing: no slice fails, or no budget is left.")
    ranked = rows.assign(rows=rows["rows"].fillna(0)).sort_values(
        ["rows", "error", "slice"], ascending=[False, False, True], kind="stable"
    )
    chosen = ranked.head(show).iloc[::-1].reset_index(drop=True)
    top = ranked.iloc[0]
    alt = f"{title}. {ranked['rows'].sum():,.0f} rows, most for {top['slice']}: {top['rows']:,.0f}."
    drawing = sheet(title, bars_height(len(chosen)), alt)
    why, much = drawing.subplots(1, 2, sharey=True)
    for axes in (why, much):
        plain(axes)
        axes.grid(False, axis="y")
    at = chosen.index.to_numpy()
    low, high = chosen["low"].fillna(chosen["error"]), chosen["high"].fillna(chosen["error"])
    why.hlines(at, low, high, color=VERMILLION, linewidth=2.4, alpha=0.55)
    why.plot(chosen["error"], at, "o", color=VERMILLION, ms=7)
    why.set_yticks(at, [shorten(name, 34) for name in chosen["slice"]], parse_math=False)
    why.set_ylim(-0.7, len(chosen) - 0.3)
    why.set_xlim(left=0)
    why.xaxis.set_major_formatter(percent_tick)
    why.set_xlabel("error, with its interval", fontsize=NORMAL)
    bars = much.barh(at, chosen["rows"], color=BLUE, height=0.62)
    texts = [
        f"{count:,.0f}" + (f" ({percent(share, 0)})" if share == share else "")
        for count, share in zip(chosen["rows"], chosen["share"], strict=True)
    ]
    much.bar_label(bars, texts, padding=4, fontsize=SMALL, color=INK)
    much.margins(x=0.25)
    much.set_xlim(left=0)
    much.tick_params(axis="y", length=0)
    much.locator_params(axis="x", integer=True)
    much.set_xlabel("rows asked for (share)", fontsize=NORMAL)
    rest = ranked.iloc[show:]["rows"]
    left_out = (
        f"{counted(len(rest), 'more slice', 'more slices')} ({rest.sum():,.0f} rows) left out"
        if len(rest)
        else ""
    )
    remark(drawing, left_out)
    drawing.use_fonts()
    return drawing
