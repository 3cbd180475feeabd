"""A figure outside pyplot: no global state, so threads and notebooks never meet each other's pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.text import Text

from veritrain_lib.reporting.canvas import Canvas
from veritrain_lib.reporting.fonts import FAMILIES, JAPANESE, japanese_font
from veritrain_lib.reporting.pictures.layout import steady_ticks
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
        Canvas(self)
        self.alt = alt
        self._drawn: bytes | None = None

    def png(self) -> bytes:
        """Itself as PNG, twice as sharp as at 100 % zoom; drawn once until something in it changes."""
        if self._drawn is None or self.stale:
            self._drawn = png(self)
            # Drawing at another sharpness says that it has changed.
            self.stale = False
        return self._drawn

    def draw(self, renderer: RendererBase) -> None:
        """Lay out and draw."""
        with steady_ticks(self):
            super().draw(renderer)

    def use_fonts(self) -> None:
        """Give every text our typefaces and take dollar signs literally. Call it last."""
        families = list(FAMILIES)
        for axes in self.axes:
            axes.tick_params(which="both", labelfontfamily=families)
            for axis in (axes.xaxis, axes.yaxis):
                if not axis.label.get_text():
                    # Else the place of a name that is not there is found by measuring every tick's label again.
                    axis.set_label_coords(0, 0)
            for spine in axes.spines.values():
                spine.set_in_layout(False)  # it lies on the edge of the plot, which is measured anyway
        for text in self._texts():
            text.set_fontfamily(families)
            text.set_parse_math(False)

    def _texts(self) -> Iterator[Text]:
        """Every text but the ticks': those are made when the picture is drawn, and made twice if asked for now."""
        for artist in self.get_children():
            if isinstance(artist, Axes):
                for part in artist.get_children():
                    if isinstance(part, Axis):
                        yield part.label
                        yield part.get_offset_text()
                    else:
                        yield from _in(part)
            else:
                yield from _in(artist)

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        width, height = (round(inches * DOTS) for inches in self.get_size_inches())
        return self.png(), {"width": width, "height": height, "alt": self.alt}


def _in(artist: Artist) -> Iterator[Text]:
    return (text for text in artist.findobj(Text) if isinstance(text, Text))


@cache
def _register() -> None:
    manager = font_manager.fontManager
    manager.addfont(str(japanese_font()))
    # One weight of Japanese exists; entered as bold too, or matplotlib warns at every title.
    regular = next(entry for entry in manager.ttflist if entry.name == JAPANESE)
    manager.ttflist.append(replace(regular, weight=700))
