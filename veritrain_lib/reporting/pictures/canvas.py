"""Shared parts of all charts: sizes, colours, empty figures, checks of the data, and notes."""

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
"""Width of a chart in inches: 900 pixels at 100 % zoom, the width of notebook output and of HTML reports."""

# Okabe and Ito (2008), "Color Universal Design": distinguishable with any common colour blindness.
BLUE, ORANGE, VERMILLION, GREEN, SKY = "#0072B2", "#E69F00", "#D55E00", "#009E73", "#56B4E9"
GREY, PALE, INK = "#646c76", "#d3d8de", "#1c2330"

SMALL, NORMAL, LARGE = 9.0, 10.0, 12.5
"""Font sizes in points: for notes, for labels and for titles."""


def new_figure(title: str, height: float, alt: str) -> Drawing:
    """Return an empty figure in the style of all charts, with a left-aligned title and without axes.

    Args:
        title: title of the chart.
        height: height in inches.
        alt: alternative text for screen readers.
    """
    from veritrain_lib.reporting.pictures.drawing import Drawing

    drawing = Drawing(WIDTH, height, clean(alt))
    drawing.get_layout_engine().set(w_pad=0.12, h_pad=0.1)  # type: ignore[call-arg, union-attr]
    drawing.suptitle(shorten(title, 80), x=0.014, ha="left", fontsize=LARGE, fontweight="bold", color=INK)
    return drawing


def new_plot(title: str, height: float, alt: str) -> tuple[Drawing, Axes]:
    """Return an empty chart and its axes, in the style of all charts.

    Args:
        title: title of the chart.
        height: height in inches.
        alt: alternative text for screen readers.
    """
    drawing = new_figure(title, height, alt)
    axes = drawing.add_subplot()
    style_axes(axes)
    return drawing, axes


def style_axes(axes: Axes) -> None:
    """Apply the style of all charts to axes: lines only at the left and the bottom, and a pale grid behind the data."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    axes.tick_params(labelsize=NORMAL, color=GREY, labelcolor=INK)
    axes.grid(True, color=PALE, linewidth=0.7)
    axes.set_axisbelow(True)


def message_figure(title: str, message: str) -> Drawing:
    """Return a figure with only a title and a message that says which data are missing for a chart.

    Args:
        title: title of the figure.
        message: the message.
    """
    drawing, axes = new_plot(title, 1.6, f"{title}: {message}")
    axes.set_axis_off()
    axes.text(0.5, 0.5, message, ha="center", va="center", fontsize=NORMAL + 1, color=GREY, wrap=True)
    drawing.apply_fonts()
    return drawing


def add_note(drawing: Drawing, text: str) -> None:
    """Add a note below a chart, such as the number of omitted rows; an empty text adds nothing."""
    if text:
        drawing.supxlabel(text, x=0.014, ha="left", fontsize=SMALL, color=GREY)


def require_columns(frame: pd.DataFrame, columns: tuple[str, ...], picture: str) -> None:
    """Check that a DataFrame has all columns that a chart needs.

    Args:
        frame: the data of the chart.
        columns: names of the required columns.
        picture: name of the chart, for the message.

    Raises:
        UserError: a column is missing; the message names it.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise UserError(
            f"The chart {picture} needs the columns {', '.join(columns)}; "
            f"missing: {', '.join(missing)}; present: {', '.join(map(str, frame.columns)) or 'none'}."
        )


def to_floats(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return a copy of a chart's DataFrame in which the named columns are floats; None becomes NaN.

    Raises:
        UserError: a column contains text that is not a number.
    """
    import pandas as pd

    copy = frame.copy()
    for column in columns:
        try:
            copy[column] = pd.to_numeric(copy[column]).astype(float)
        except (ValueError, TypeError) as error:
            raise UserError(f"Column {column} of a chart must contain numbers: {error}.") from error
    return copy


def bar_chart_height(rows: int, row_height: float = 0.3, fixed_height: float = 1.25) -> float:
    """Return the height of a chart in inches at which the labels of its rows do not overlap.

    Args:
        rows: number of rows.
        row_height: height of a row in inches.
        fixed_height: height of everything except the rows in inches.
    """
    return fixed_height + row_height * max(rows, 2)
