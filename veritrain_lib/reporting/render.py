"""Functions that render a matplotlib figure as PNG or SVG; the same figure always gives the same bytes."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from veritrain_lib.reporting.png_file import encode

if TYPE_CHECKING:
    from matplotlib.figure import Figure


DEFAULT_DPI = 200
"""Default resolution of a PNG in dots per inch."""


def png(figure: Figure, dpi: int = DEFAULT_DPI) -> bytes:
    """Return a matplotlib figure as PNG.

    Args:
        figure: the figure.
        dpi: resolution in dots per inch; 100 is the size at 100 % zoom, and the default of 200 is twice as
            sharp.
    """
    import numpy as np

    from veritrain_lib.fast.text_canvas import Canvas

    original_canvas, original_dpi = figure.canvas, figure.dpi
    canvas = Canvas(figure)  # replaces the canvas of the figure
    try:
        figure.dpi = dpi
        # Lays out and draws; we encode the pixels, because savefig would lay out twice and encode slowly.
        canvas.draw()  # type: ignore[no-untyped-call]
        return encode(np.asarray(canvas.buffer_rgba()), dpi, getattr(figure, "alt", ""))  # type: ignore[no-untyped-call]
    finally:
        figure.dpi = original_dpi
        figure.set_canvas(original_canvas)


def svg(figure: Figure) -> bytes:
    """Return a matplotlib figure as SVG with its glyphs as outlines, so that it looks the same without the fonts."""
    import matplotlib as mpl

    buffer = BytesIO()
    # The salt replaces the random ids of clip paths.
    with mpl.rc_context({"svg.hashsalt": "veritrain", "svg.fonttype": "path"}):
        no_metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(buffer, format="svg", metadata=no_metadata)
    return buffer.getvalue()
