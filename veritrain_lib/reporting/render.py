"""A figure as bytes: the same picture gives the same bytes, without a date or a version in them."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from veritrain_lib.reporting.png_file import encode

if TYPE_CHECKING:
    from matplotlib.figure import Figure


DOTS = 200
"""Dots an inch of a PNG, unless told otherwise."""


def png(figure: Figure, dpi: int = DOTS) -> bytes:
    """The figure as PNG; 100 dots an inch is its size at 100 % zoom, the default is twice as sharp."""
    import numpy as np

    from veritrain_lib.reporting.canvas import Canvas

    canvas, dots = figure.canvas, figure.dpi
    paper = Canvas(figure)  # takes the place of the figure's own
    try:
        figure.dpi = dpi
        # Lays out and draws. The pixels are ours to encode: savefig would lay out twice and encode slowly.
        paper.draw()  # type: ignore[no-untyped-call]
        return encode(np.asarray(paper.buffer_rgba()), dpi, getattr(figure, "alt", ""))  # type: ignore[no-untyped-call]
    finally:
        figure.dpi = dots
        figure.set_canvas(canvas)


def svg(figure: Figure) -> bytes:
    """The figure as SVG, letters as outlines, so that it looks alike where our typefaces are absent."""
    import matplotlib as mpl

    buffer = BytesIO()
    # The salt replaces random ids of clip paths.
    with mpl.rc_context({"svg.hashsalt": "veritrain", "svg.fonttype": "path"}):
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(buffer, format="svg", metadata=nothing)
    return buffer.getvalue()
