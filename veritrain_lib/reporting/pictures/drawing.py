"""A figure outside pyplot: no global state, so threads and notebooks never meet each other's pictures."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from veritrain_lib.reporting.fonts import FAMILIES, JAPANESE, japanese_font
from veritrain_lib.reporting.render import png

DOTS = 100
"""Dots an inch at 100 % zoom: 10 points are 14 pixels, the size of a page's text."""


class Drawing(Figure):
    """A matplotlib figure that shows itself in a notebook as a sharp PNG and carries its own alt text.

    `alt` says in words what the picture shows; pages and notebooks give it to screen readers.
    """

    def __init__(self, width: float, height: float, alt: str) -> None:
        """Width and height in inches."""
        _register()
        super().__init__(figsize=(width, height), dpi=DOTS, layout="constrained", facecolor="white")
        FigureCanvasAgg(self)
        self.alt = alt

    def use_fonts(self) -> None:
        """Give every text our typefaces and take dollar signs literally. Call it last."""
        for axes in self.axes:
            # Ticks are made when the picture is drawn; they take the family from here.
            axes.tick_params(which="both", labelfontfamily=list(FAMILIES))
        for text in self.findobj(Text):
            assert isinstance(text, Text)
            text.set_fontfamily(list(FAMILIES))
            text.set_parse_math(False)

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        width, height = (round(inches * DOTS) for inches in self.get_size_inches())
        return png(self), {"width": width, "height": height, "alt": self.alt}


@cache
def _register() -> None:
    manager = font_manager.fontManager
    manager.addfont(str(japanese_font()))
    # One weight of Japanese exists; entered as bold too, or matplotlib warns at every title.
    regular = next(entry for entry in manager.ttflist if entry.name == JAPANESE)
    manager.ttflist.append(replace(regular, weight=700))
