"""What all pictures share: sizes, colours, a blank sheet and the sheet that says what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.reporting.cells import clean
from veritrain_lib.reporting.pictures.labels import shorten

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from veritrain_lib.reporting.pictures.drawing import Drawing

WIDTH = 9.0
"""Inches: 900 pixels at 100 % zoom, the width of a notebook's output and of our page."""

# Okabe and Ito (2008), "Color Universal Design": told apart with any common colour blindness.
BLUE, ORANGE, VERMILLION, GREEN, SKY = "#0072B2", "#E69F00", "#D55E00", "#009E73", "#56B4E9"
GREY, PALE, INK = "#646c76", "#d3d8de", "#1c2330"

SMALL, NORMAL, LARGE = 9.0, 10.0, 12.5
"""Points of text: remarks, labels, titles."""


def sheet(title: str, height: float, alt: str) -> Drawing:
    """A sheet without a plot, its title flush left over everything. Height in inches."""
    from veritrain_lib.reporting.pictures.drawing import Drawing

    drawing = Drawing(WIDTH, height, clean(alt))
    drawing.get_layout_engine().set(w_pad=0.12, h_pad=0.1)  # type: ignore[call-arg, union-attr]
    drawing.suptitle(shorten(title, 80), x=0.014, ha="left", fontsize=LARGE, fontweight="bold", color=INK)
    return drawing


def blank(title: str, height: float, alt: str) -> tuple[Drawing, Axes]:
    """A sheet with one plot."""
    drawing = sheet(title, height, alt)
    axes = drawing.add_subplot()
    plain(axes)
    return drawing, axes


def plain(axes: Axes) -> None:
    """Only what helps reading: two spines, a pale grid behind the data."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    axes.tick_params(labelsize=NORMAL, color=GREY, labelcolor=INK)
    axes.grid(True, color=PALE, linewidth=0.7)
    axes.set_axisbelow(True)


def missing(title: str, what: str) -> Drawing:
    """A sheet that says in words what it would need to show something."""
    drawing, axes = blank(title, 1.6, f"{title}: {what}")
    axes.set_axis_off()
    axes.text(0.5, 0.5, what, ha="center", va="center", fontsize=NORMAL + 1, color=GREY, wrap=True)
    drawing.use_fonts()
    return drawing


def remark(drawing: Drawing, text: str) -> None:
    """A line below the picture, such as how many rows it leaves out; nothing for an empty text."""
    if text:
        drawing.supxlabel(text, x=0.014, ha="left", fontsize=SMALL, color=GREY)


def require(frame: pd.DataFrame, columns: tuple[str, ...], picture: str) -> None:
    """Refuse a frame without the columns that a picture is drawn from. Raises `UserError` naming them."""
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise UserError(
            f"The picture {picture} needs the columns {', '.join(columns)}; "
            f"absent: {', '.join(absent)}; given: {', '.join(map(str, frame.columns)) or 'none'}."
        )


def numbers(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """A copy whose named columns are floats; None becomes NaN. Raises `UserError` on a text."""
    import pandas as pd

    copy = frame.copy()
    for column in columns:
        try:
            copy[column] = pd.to_numeric(copy[column]).astype(float)
        except (ValueError, TypeError) as error:
            raise UserError(f"Column {column} of a picture must hold numbers: {error}.") from error
    return copy


def bars_height(rows: int, each: float = 0.3, around: float = 1.25) -> float:
    """Inches of a picture with one line a row, so that labels never touch."""
    return around + each * max(rows, 2)
