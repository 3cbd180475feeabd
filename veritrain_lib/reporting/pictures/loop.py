"""Diagram of the closed loop from probe to report, optionally with the results of a round."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.stage_list import STAGES
from veritrain_lib.reporting.cells import clean
from veritrain_lib.reporting.pictures.canvas import BLUE, GREEN, GREY, INK, LARGE, NORMAL, SMALL, VERMILLION
from veritrain_lib.reporting.pictures.labels import shorten, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from veritrain_lib.reporting.pictures.drawing import Drawing

BOXES = dict(box for stage in STAGES for box in stage.boxes)
"""Names of the boxes of the stages from left to right, each with a short description."""

STORES = {"quarantine": "each row with a reason", "champion": "moves only on 'better'"}

ALT = (
    f"The loop: task, {', '.join(BOXES)}. Rejected rows go from the gate to "
    "quarantine. A better challenger becomes champion, which the next round probes. While slices fail and "
    "budget is left, the report leads back to the plan."
)

MARGIN, GAP = 1.7, 2.8
BOX_WIDTH = (100 - 2 * MARGIN - GAP * (len(BOXES) - 1)) / len(BOXES)
BOX_HEIGHT, STEP = 8.6, BOX_WIDTH + GAP
ROW, LANE = 26.0, 9.5


def loop(state: Mapping[str, object] | None = None) -> Drawing:
    """Draw the closed loop from probe to report, with its feedback arrows, the quarantine and the champion.

    Args:
        state: results of the last round: a short text for each name in `BOXES` and `STORES`, shown in the box
            instead of its description, and for `title`. A missing name keeps its description; a text longer
            than three short lines is truncated. None: only descriptions.

    Returns:
        The chart.

    Raises:
        UserError: a name is unknown.
    """
    from veritrain_lib.reporting.pictures.drawing import Drawing

    texts = {**BOXES, **STORES, "title": "The loop"}
    unknown = sorted(set(state or {}) - set(texts))
    if unknown:
        raise UserError(f"The loop diagram has no box {', '.join(unknown)}; allowed: {', '.join(texts)}.")
    results = {key: str(value) for key, value in (state or {}).items()}
    descriptions = "; ".join(f"{key}: {value}" for key, value in results.items() if key != "title")
    drawing = Drawing(10.0, 4.2, clean(f"{ALT} {descriptions}".strip()))
    drawing.set_layout_engine("none")
    axes = drawing.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 42)
    axes.set_axis_off()
    texts |= results
    axes.text(
        1.6, 39.6, shorten(texts["title"], 80), fontsize=LARGE, fontweight="bold", color=INK, va="center"
    )
    _stages(axes, texts, results)
    _feedback_arrows(axes)
    _box(axes, _center("gate"), LANE, "quarantine", texts["quarantine"], VERMILLION, "quarantine" in results)
    _box(axes, _center("evaluate"), LANE, "champion", texts["champion"], GREEN, "champion" in results)
    drawing.apply_fonts()
    return drawing


def _center(box: str) -> float:
    """Return the horizontal position of the middle of a stage's box."""
    return MARGIN + BOX_WIDTH / 2 + STEP * list(BOXES).index(box)


def _stages(axes: Axes, texts: Mapping[str, str], results: Mapping[str, str]) -> None:
    for name in BOXES:
        _box(axes, _center(name), ROW, name, texts[name], BLUE, name in results)
    for before, after in pairwise(BOXES):
        _arrow(axes, [(_center(before) + BOX_WIDTH / 2, ROW), (_center(after) - BOX_WIDTH / 2, ROW)], GREY)


def _feedback_arrows(axes: Axes) -> None:
    top, bottom = ROW + BOX_HEIGHT / 2, ROW - BOX_HEIGHT / 2
    back = top + 3.2
    _arrow(
        axes,
        [
            (_center("report"), top),
            (_center("report"), back),
            (_center("plan"), back),
            (_center("plan"), top),
        ],
        INK,
    )
    axes.text(
        (_center("plan") + _center("report")) / 2, back + 0.8, "failing slices and budget left: the next round",
        ha="center", va="bottom", fontsize=SMALL, color=INK,
    )  # fmt: skip
    _arrow(axes, [(_center("probe"), top + 2.6), (_center("probe"), top)], GREY)
    axes.text(_center("probe"), top + 2.9, "task.yaml", ha="center", va="bottom", fontsize=SMALL, color=INK)
    _arrow(axes, [(_center("gate"), bottom), (_center("gate"), LANE + BOX_HEIGHT / 2)], VERMILLION)
    axes.text(_center("gate") + 0.8, 17.6, "rejected", fontsize=SMALL, color=VERMILLION, va="center")
    _arrow(axes, [(_center("evaluate"), bottom), (_center("evaluate"), LANE + BOX_HEIGHT / 2)], GREEN)
    axes.text(_center("evaluate") + 0.8, 17.6, "better", fontsize=SMALL, color=GREEN, va="center")
    bottom_lane = 2.6
    champion = _center("evaluate"), LANE - BOX_HEIGHT / 2
    _arrow(
        axes,
        [champion, (champion[0], bottom_lane), (_center("probe"), bottom_lane), (_center("probe"), bottom)],
        GREEN,
    )
    axes.text(
        _center("plan"), bottom_lane + 0.7, "the next round starts from the champion",
        ha="left", va="bottom", fontsize=SMALL, color=GREEN,
    )  # fmt: skip


def _box(axes: Axes, x: float, y: float, name: str, text: str, colour: str, has_result: bool) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2)
    axes.add_patch(
        FancyBboxPatch(
            corner,
            BOX_WIDTH,
            BOX_HEIGHT,
            boxstyle="round,pad=0,rounding_size=1.1",
            fc="white",
            ec=colour,
            lw=1.8,
        )
    )
    axes.text(
        x, y + 2.5, name, ha="center", va="center", fontsize=NORMAL + 0.5, fontweight="bold", color=colour
    )
    axes.text(
        x, y - 1.25, wrap(text, 15, 3), ha="center", va="center", fontsize=SMALL - 0.6, linespacing=1.15,
        color=INK if has_result else GREY,
    )  # fmt: skip


def _arrow(axes: Axes, points: list[tuple[float, float]], colour: str) -> None:
    """Draw a line along the given points that ends in an arrow head."""
    if len(points) > 2:
        x, y = zip(*points[:-1], strict=True)
        axes.plot(x, y, color=colour, linewidth=1.5, solid_capstyle="butt", solid_joinstyle="round")
    axes.annotate(
        "", points[-1], points[-2],
        arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.5, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
