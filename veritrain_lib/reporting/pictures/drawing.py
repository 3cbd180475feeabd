"""The class `Drawing` of all charts: a matplotlib figure without pyplot's global state, safe in threads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

from veritrain_lib.fast.text_canvas import Canvas
from veritrain_lib.fonts.bundled import FAMILIES, JAPANESE, japanese_font
from veritrain_lib.reporting.render import png

SCREEN_DPI = 100
"""Dots per inch of a chart at 100 % zoom, at which 10 points are 14 pixels, the text size of an HTML report."""


class Drawing(Figure):
    """Chart with an alternative text, which displays itself in a notebook as a sharp PNG.

    Attributes:
        alt: description of the chart in words, for screen readers.
    """

    def __init__(self, width: float, height: float, alt: str) -> None:
        """Create an empty chart.

        Args:
            width: width in inches.
            height: height in inches.
            alt: description of the chart in words, for screen readers.
        """
        _register()
        super().__init__(figsize=(width, height), dpi=SCREEN_DPI, layout="constrained", facecolor="white")
        Canvas(self)
        self.alt = alt
        self._png: bytes | None = None

    def png(self) -> bytes:
        """Return the chart as PNG at twice the resolution of 100 % zoom; the PNG is cached until the chart changes."""
        if self._png is None or self.stale:
            self._png = png(self)
            # Rendering at another resolution marks the figure as changed.
            self.stale = False
        return self._png

    def apply_fonts(self) -> None:
        """Set the bundled fonts for every text of the chart and show dollar signs as they are; call this last."""
        families = list(FAMILIES)
        for axes in self.axes:
            axes.tick_params(which="both", labelfontfamily=families)
            for axis in (axes.xaxis, axes.yaxis):
                if not axis.label.get_text():
                    # Otherwise matplotlib positions the empty axis label by measuring every tick label again.
                    axis.set_label_coords(0, 0)
            for spine in axes.spines.values():
                spine.set_in_layout(False)  # it lies on the edge of the axes, which are measured anyway
        for text in self._texts():
            text.set_fontfamily(families)
            text.set_parse_math(False)

    def _texts(self) -> Iterator[Text]:
        """Yield every text of the chart except tick labels, which matplotlib creates when it draws."""
        for artist in self.get_children():
            if isinstance(artist, Axes):
                for part in artist.get_children():
                    if isinstance(part, Axis):
                        yield part.label
                        yield part.get_offset_text()
                    else:
                        yield from _texts_in(part)
            else:
                yield from _texts_in(artist)

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        width, height = (round(inches * SCREEN_DPI) for inches in self.get_size_inches())
        return self.png(), {"width": width, "height": height, "alt": self.alt}


def _texts_in(artist: Artist) -> Iterator[Text]:
    return (text for text in artist.findobj(Text) if isinstance(text, Text))


@cache
def _register() -> None:
    manager = font_manager.fontManager
    manager.addfont(str(japanese_font()))
    # The Japanese font has one weight; it is registered as bold too, or matplotlib warns at every title.
    regular = next(entry for entry in manager.ttflist if entry.name == JAPANESE)
    manager.ttflist.append(replace(regular, weight=700))
