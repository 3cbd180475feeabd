"""Cache of rendered text in the bundled fonts, which makes drawing matplotlib's charts faster.

Each time a text is measured, and again when it is drawn, matplotlib looks up its fonts, lays it out and renders its
glyphs. Most texts of our charts recur (tick labels, legends, the same labels in the next chart), and their glyphs
always do. The cache holds numbers and pixels but no open font, so a forked process can use it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from matplotlib.backends.backend_agg import get_hinting_flag
from matplotlib.font_manager import fontManager, get_font
from matplotlib.ft2font import FT2Font, RenderMode

from veritrain_lib.fast.shortcuts import is_on
from veritrain_lib.fonts import system as system_fonts
from veritrain_lib.fonts.bundled import FAMILIES

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

T = TypeVar("T")

MAX_ENTRIES = 20_000
"""Maximum entries of each cache, which is cleared when it is full. A glyph takes about a kilobyte."""

SUBPIXEL_STEPS = 4
"""Number of positions within a pixel at which a kerned glyph may start; hinted glyphs start at whole pixels."""

UNITS_PER_PIXEL = 64
"""Units of FreeType's measures in a pixel."""

IS_SUPPORTED = all(hasattr(FT2Font, name) for name in ("_layout", "_render_glyph", "_set_transform"))
"""Whether matplotlib has the private functions used here; if False, matplotlib draws text itself."""

IDENTITY_MATRIX = np.array([[0x10000, 0], [0, 0x10000]])
"""FreeType transformation matrix of a glyph that is neither rotated nor slanted (16.16 fixed point)."""


@dataclass(frozen=True)
class PositionedGlyph:
    """Glyph of a chart's text with its position.

    Attributes:
        font: Path of the font file.
        index: Glyph index in the font.
        x: Pixels to the right of the start of the text.
        y: Pixels above the baseline.
    """

    font: str
    index: int
    x: float
    y: float


@dataclass(frozen=True)
class TextLayout:
    """Layout of a line of text in a chart: its glyphs, and width, height and descent in pixels as in matplotlib."""

    width: float
    height: float
    descent: float
    glyphs: tuple[PositionedGlyph, ...]


@dataclass(frozen=True)
class Bitmap:
    """Pixels of a rendered text or glyph of a chart.

    Attributes:
        pixels: Coverage of each pixel, 0 to 255, in shape (height, width).
        left: Pixels from the start of the text to the left edge.
        top: Pixels from the baseline to the top edge.
    """

    pixels: np.ndarray[Any, np.dtype[np.uint8]]
    left: int
    top: int


_layouts: dict[tuple[object, ...], TextLayout] = {}
_text_bitmaps: dict[tuple[object, ...], Bitmap | None] = {}
_glyph_bitmaps: dict[tuple[object, ...], Bitmap | None] = {}
_extents: dict[tuple[object, ...], tuple[int, int, int]] = {}
_heights: dict[int, tuple[float, float, float]] = {}


def is_cached(properties: FontProperties) -> bool:
    """Return whether a chart's text with these font properties is drawn from the glyph cache.

    That is so if the text uses the bundled fonts, matplotlib's version is supported, and `VERITRAIN_FAST` does not
    switch the cache off.
    """
    return IS_SUPPORTED and _uses_bundled_fonts(properties) and is_on("glyphs")


def _uses_bundled_fonts(properties: FontProperties) -> bool:
    return properties.get_file() is None and tuple(properties.get_family()) == FAMILIES


def with_fallback_fonts(text: str, properties: FontProperties) -> FontProperties:
    """Return a chart text's font properties, with system fonts added for characters that the bundled fonts lack.

    Characters that no font has are logged once in each process; matplotlib draws a box for them.
    """
    if text.isascii() or not _uses_bundled_fonts(properties):
        return properties
    families = _families(text)
    if families == FAMILIES:
        return properties
    more = properties.copy()
    more.set_family(list(families))
    return more


@lru_cache(maxsize=MAX_ENTRIES)
def _families(text: str) -> tuple[str, ...]:
    uncovered = system_fonts.uncovered_characters(text)
    fonts = [(letter, system_fonts.font_for(letter)) for letter in uncovered]
    undrawable = [letter for letter, font in fonts if font is None and letter not in _warned]
    if undrawable:
        _warned.update(undrawable)
        logging.getLogger(__name__).warning("%s", system_fonts.missing_glyph_message(undrawable))
    return (*FAMILIES, *dict.fromkeys(_family(str(font)) for _, font in fonts if font is not None))


_warned: set[str] = set()


@cache
def _family(file: str) -> str:
    """Register a font file, and its bold variant if there is one, with matplotlib; return the name of its family."""
    bold = Path(file.replace("Regular", "Bold"))
    for path in (file, *([str(bold)] if bold.is_file() and str(bold) != file else [])):
        fontManager.addfont(path)
    # A collection has several fonts; the first one is the one whose characters were looked up.
    return next(str(entry.name) for entry in fontManager.ttflist if entry.fname == file)


def layout_text(text: str, properties: FontProperties, dpi: float) -> TextLayout:
    """Return the layout of one line of a chart's text in the bundled fonts.

    Args:
        text: The text, without line breaks.
        properties: Font properties that name the bundled fonts.
        dpi: Resolution in dots per inch.
    """
    flags = _hinting()

    def compute() -> TextLayout:
        size = properties.get_size_in_points()
        font = _font(properties)
        font.set_size(size, dpi)
        glyphs, low, high, end = [], [], [], 0.0
        for item in font._layout(text, flags=flags):
            extent = _cached(
                _extents,
                (item.ft_object.fname, item.glyph_index, size, dpi, flags),
                lambda item=item: _extent(item, size, dpi),  # type: ignore[misc]
            )
            glyphs.append(PositionedGlyph(item.ft_object.fname, item.glyph_index, item.x, item.y))
            low.append(item.y + extent[1] / UNITS_PER_PIXEL)
            high.append(item.y + extent[2] / UNITS_PER_PIXEL)
            end = item.x + extent[0] / UNITS_PER_PIXEL
        return (
            TextLayout(end, max(high) - min(low), -min(low), tuple(glyphs))
            if glyphs
            else TextLayout(0, 0, 0, ())
        )

    return _cached(_layouts, (text, hash(properties), dpi, flags), compute)


def render_text(text: str, properties: FontProperties, dpi: float) -> Bitmap | None:
    """Return the pixels of one line of a chart's text; None if it has no visible pixel.

    Args:
        text: The text, without line breaks.
        properties: Font properties that name the bundled fonts.
        dpi: Resolution in dots per inch.
    """
    size = properties.get_size_in_points()

    def draw() -> Bitmap | None:
        parts = []
        for glyph in layout_text(text, properties, dpi).glyphs:
            steps, rise = round(glyph.x * SUBPIXEL_STEPS), round(glyph.y)
            part = _glyph_bitmap(glyph, size, dpi, steps % SUBPIXEL_STEPS)
            if part is not None:
                parts.append((part.pixels, part.left + steps // SUBPIXEL_STEPS, part.top + rise))
        return _merge(parts) if parts else None

    return _cached(_text_bitmaps, (text, hash(properties), dpi, _hinting()), draw)


def line_height(properties: FontProperties, dpi: float) -> tuple[float, float, float]:
    """Return ascent, descent and line gap, in pixels, of the first font that a chart text's properties name."""

    def compute() -> tuple[float, float, float]:
        font = _font(properties)
        head, table = font.get_sfnt_table("head"), font.get_sfnt_table("OS/2")
        names = ("sTypoAscender", "sTypoDescender", "sTypoLineGap")
        return tuple(table[name] / head["unitsPerEm"] for name in names)

    ascent, descent, gap = _cached(_heights, hash(properties), compute)
    scale = properties.get_size_in_points() * dpi / 72
    return ascent * scale, -descent * scale, gap * scale


def _hinting() -> Any:
    return get_hinting_flag()  # type: ignore[no-untyped-call]


def _font(properties: FontProperties) -> Any:
    return get_font(fontManager._find_fonts_by_props(properties))


def _extent(item: Any, size: float, dpi: float) -> tuple[int, int, int]:
    """Return a glyph's advance width and the lowest and highest point above the baseline, in 64ths of a pixel."""
    font = item.ft_object
    font.set_size(size, dpi)
    font._set_transform(IDENTITY_MATRIX, [0, 0])
    glyph = font.load_glyph(item.glyph_index, flags=_hinting())
    _, low, _, high = glyph.bbox
    return glyph.horiAdvance, low, high


def _glyph_bitmap(glyph: PositionedGlyph, size: float, dpi: float, part: int) -> Bitmap | None:
    """Return the pixels of a glyph that starts `part` quarters of a pixel right of a whole pixel; None for a blank."""
    flags = _hinting()

    def draw() -> Bitmap | None:
        font: Any = get_font(glyph.font)
        font.set_size(size, dpi)
        font._set_transform(IDENTITY_MATRIX, [part * UNITS_PER_PIXEL // SUBPIXEL_STEPS, 0])
        bitmap = font._render_glyph(glyph.index, flags, RenderMode.NORMAL)
        pixels = np.array(bitmap.buffer)
        return Bitmap(pixels, bitmap.left, bitmap.top) if pixels.size else None

    return _cached(_glyph_bitmaps, (glyph.font, glyph.index, size, dpi, flags, part), draw)


def _merge(parts: list[tuple[np.ndarray[Any, np.dtype[np.uint8]], int, int]]) -> Bitmap:
    """Merge bitmaps into one.

    Args:
        parts: Pixels, left edge and top edge of each bitmap; edges are in pixels from the start of the baseline.
    """
    left = min(x for _, x, _ in parts)
    top = max(y for _, _, y in parts)
    right = max(x + pixels.shape[1] for pixels, x, _ in parts)
    bottom = min(y - pixels.shape[0] for pixels, _, y in parts)
    merged = np.zeros((top - bottom, right - left), np.uint8)
    for pixels, x, y in parts:
        region = merged[top - y : top - y + pixels.shape[0], x - left : x - left + pixels.shape[1]]
        np.maximum(region, pixels, out=region)
    return Bitmap(merged, left, top)


def _cached(memory: dict[Any, T], key: object, make: Callable[[], T]) -> T:
    try:
        return memory[key]
    except KeyError:
        if len(memory) >= MAX_ENTRIES:
            memory.clear()
        value = memory[key] = make()
        return value
