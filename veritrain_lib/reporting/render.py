"""A figure as bytes: the same picture gives the same bytes, without a date or a version in them."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def png(figure: Figure, dpi: int = 200) -> bytes:
    """The figure as PNG; 100 dots an inch is its size at 100 % zoom, the default is twice as sharp."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def svg(figure: Figure) -> bytes:
    """The figure as SVG, letters as outlines, so that it looks alike where our typefaces are absent."""
    import matplotlib as mpl

    buffer = BytesIO()
    # The salt replaces random ids of clip paths.
    with mpl.rc_context({"svg.hashsalt": "veritrain", "svg.fonttype": "path"}):
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(buffer, format="svg", metadata=nothing)
    return buffer.getvalue()
