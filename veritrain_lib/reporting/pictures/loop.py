"""The closed loop as a picture, with the numbers of a round in it if there are any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.reporting.cells import clean
from veritrain_lib.reporting.pictures.canvas import BLUE, GREEN, GREY, INK, LARGE, NORMAL, SMALL, VERMILLION
from veritrain_lib.reporting.pictures.labels import fold, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from veritrain_lib.reporting.pictures.drawing import Drawing

STAGES = {
    "probe": "what can the model do?",
    "plan": "how much, where, why",
    "generate": "a teacher writes or chooses rows",
    "gate": "rules take out bad rows",
    "train": "a challenger learns",
    "evaluate": "paired test on sealed rows",
    "report": "what changed, what next",
}
"""The stages in their order, and what each does in a few words."""

STORES = {"quarantine": "each row with a reason", "champion": "moves only on 'better'"}

ALT = (
    "The loop: task, probe, plan, generate, gate, train, evaluate, report. Rejected rows go from the gate to "
    "quarantine. A better challenger becomes champion, which the next round probes. While slices fail and "
    "budget is left, the report leads back to the plan."
)

WIDE, HIGH, STEP = 11.4, 8.6, 14.2
ROW, LANE = 26.0, 9.5


def loop(state: Mapping[str, object] | None = None) -> Drawing:
    """The loop from probe to report, the ways back, the quarantine and the champion.

    Args:
        state: what the last round did, a short text for any of `probe`, `plan`, `generate`, `gate`, `train`,
            `evaluate`, `report`, `quarantine`, `champion` (shown in its box instead of what the box means),
            and `title`. Texts longer than three short lines are cut.

    Raises:
        UserError: an unknown key.
    """
    from veritrain_lib.reporting.pictures.drawing import Drawing

    texts = {**STAGES, **STORES, "title": "The loop"}
    unknown = sorted(set(state or {}) - set(texts))
    if unknown:
        raise UserError(f"The picture loop knows no {', '.join(unknown)}; allowed: {', '.join(texts)}.")
    given = {key: str(value) for key, value in (state or {}).items()}
    spoken = "; ".join(f"{key}: {value}" for key, value in given.items() if key != "title")
    drawing = Drawing(10.0, 4.2, clean(f"{ALT} {spoken}".strip()))
    drawing.set_layout_engine("none")
    axes = drawing.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 42)
    axes.set_axis_off()
    texts |= given
    axes.text(
        1.6, 39.6, shorten(texts["title"], 80), fontsize=LARGE, fontweight="bold", color=INK, va="center"
    )
    _stages(axes, texts, given)
    _ways(axes)
    _box(axes, _middle(3), LANE, "quarantine", texts["quarantine"], VERMILLION, "quarantine" in given)
    _box(axes, _middle(5), LANE, "champion", texts["champion"], GREEN, "champion" in given)
    drawing.use_fonts()
    return drawing


def _middle(at: int) -> float:
    return 7.4 + STEP * at


def _stages(axes: Axes, texts: Mapping[str, str], given: Mapping[str, str]) -> None:
    for at, name in enumerate(STAGES):
        _box(axes, _middle(at), ROW, name, texts[name], BLUE, name in given)
        if at:
            _arrow(axes, [(_middle(at - 1) + WIDE / 2, ROW), (_middle(at) - WIDE / 2, ROW)], GREY)


def _ways(axes: Axes) -> None:
    top, bottom = ROW + HIGH / 2, ROW - HIGH / 2
    back = top + 3.2
    _arrow(axes, [(_middle(6), top), (_middle(6), back), (_middle(1), back), (_middle(1), top)], INK)
    axes.text(
        (_middle(1) + _middle(6)) / 2, back + 0.8, "failing slices and budget left: the next round",
        ha="center", va="bottom", fontsize=SMALL, color=INK,
    )  # fmt: skip
    _arrow(axes, [(_middle(0), top + 2.6), (_middle(0), top)], GREY)
    axes.text(_middle(0), top + 2.9, "task.yaml", ha="center", va="bottom", fontsize=SMALL, color=INK)
    _arrow(axes, [(_middle(3), bottom), (_middle(3), LANE + HIGH / 2)], VERMILLION)
    axes.text(_middle(3) + 0.8, 17.6, "rejected", fontsize=SMALL, color=VERMILLION, va="center")
    _arrow(axes, [(_middle(5), bottom), (_middle(5), LANE + HIGH / 2)], GREEN)
    axes.text(_middle(5) + 0.8, 17.6, "better", fontsize=SMALL, color=GREEN, va="center")
    under = 2.6
    champion = _middle(5), LANE - HIGH / 2
    _arrow(axes, [champion, (champion[0], under), (_middle(0), under), (_middle(0), bottom)], GREEN)
    axes.text(
        _middle(1), under + 0.7, "the next round starts from the champion",
        ha="left", va="bottom", fontsize=SMALL, color=GREEN,
    )  # fmt: skip


def _box(axes: Axes, x: float, y: float, name: str, text: str, colour: str, told: bool) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (x - WIDE / 2, y - HIGH / 2)
    axes.add_patch(
        FancyBboxPatch(
            corner, WIDE, HIGH, boxstyle="round,pad=0,rounding_size=1.1", fc="white", ec=colour, lw=1.8
        )
    )
    axes.text(
        x, y + 2.5, name, ha="center", va="center", fontsize=NORMAL + 0.5, fontweight="bold", color=colour
    )
    axes.text(
        x, y - 1.25, fold(text, 15, 3), ha="center", va="center", fontsize=SMALL - 0.6, linespacing=1.15,
        color=INK if told else GREY,
    )  # fmt: skip


def _arrow(axes: Axes, points: list[tuple[float, float]], colour: str) -> None:
    """A line along the points whose last stretch ends in a head."""
    if len(points) > 2:
        x, y = zip(*points[:-1], strict=True)
        axes.plot(x, y, color=colour, linewidth=1.5, solid_capstyle="butt", solid_joinstyle="round")
    axes.annotate(
        "", points[-1], points[-2],
        arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.5, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
