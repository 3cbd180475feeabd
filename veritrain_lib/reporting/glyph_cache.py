"""Texts in our typefaces, set and drawn as pixels once and then remembered by the process.

matplotlib looks up the typefaces of a text, sets it and renders its letters each time that it is measured and again
when it is drawn. Most texts of our pictures come again (ticks, words of legends, the same labels in the next
picture), and their letters always do. What is remembered are numbers and pixels, no open font: a fork can use it.
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

from veritrain_lib.reporting import system_fonts
from veritrain_lib.reporting.fonts import FAMILIES

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

T = TypeVar("T")

MOST = 20_000
"""Texts, or letters, that are remembered at most; then it begins anew. A letter takes about a kilobyte."""

PARTS = 4
"""Steps of a pixel at which a letter may stand; hinted letters stand at whole pixels, kerned ones between."""

UNIT = 64
"""FreeType counts in 64ths of a pixel."""

POSSIBLE = all(hasattr(FT2Font, name) for name in ("_layout", "_render_glyph", "_set_transform"))
"""Whether matplotlib has what is used here. It is not for everyone to use, and may go; texts then take longer."""

UPRIGHT = np.array([[0x10000, 0], [0, 0x10000]])
"""FreeType's matrix of a letter that is neither turned nor slanted."""


@dataclass(frozen=True)
class Letter:
    """A letter's place in a text: which letter of which typeface, and pixels from the text's beginning."""

    font: str
    index: int
    x: float
    y: float


@dataclass(frozen=True)
class Setting:
    """A text that has been set: its measures in pixels, as matplotlib takes them, and its letters."""

    width: float
    height: float
    descent: float
    letters: tuple[Letter, ...]


@dataclass(frozen=True)
class Image:
    """How dark each pixel is (0..255), and where the picture lies: pixels right of and above the beginning."""

    pixels: np.ndarray[Any, np.dtype[np.uint8]]
    left: int
    top: int


_settings: dict[tuple[object, ...], Setting] = {}
_texts: dict[tuple[object, ...], Image | None] = {}
_letters: dict[tuple[object, ...], Image | None] = {}
_extents: dict[tuple[object, ...], tuple[int, int, int]] = {}
_heights: dict[int, tuple[float, float, float]] = {}


def in_our_typefaces(properties: FontProperties) -> bool:
    """Whether a text is to be set in exactly the typefaces of `fonts`, by name, and this matplotlib lets us do it."""
    return POSSIBLE and properties.get_file() is None and tuple(properties.get_family()) == FAMILIES


def in_faces_that_have(text: str, properties: FontProperties) -> FontProperties:
    """The text's properties, with typefaces of the machine behind ours where ours lack a letter of it.

    What no typeface has is logged once a process: matplotlib draws a box for it.
    """
    if text.isascii() or not in_our_typefaces(properties):
        return properties
    families = _families(text)
    if families == FAMILIES:
        return properties
    more = properties.copy()
    more.set_family(list(families))
    return more


@lru_cache(maxsize=MOST)
def _families(text: str) -> tuple[str, ...]:
    lacking = system_fonts.rare(text)
    faces = [(letter, system_fonts.face_for(letter)) for letter in lacking]
    lost = [letter for letter, face in faces if face is None and letter not in _told]
    if lost:
        _told.update(lost)
        logging.getLogger(__name__).warning("%s", system_fonts.told(lost))
    return (*FAMILIES, *dict.fromkeys(_family(str(face)) for _, face in faces if face is not None))


_told: set[str] = set()


@cache
def _family(file: str) -> str:
    """The name by which matplotlib knows a typeface, which is made known to it, with its bold one where there is one."""
    bold = Path(file.replace("Regular", "Bold"))
    for one in (file, *([str(bold)] if bold.is_file() and str(bold) != file else [])):
        fontManager.addfont(one)
    # A collection has several; its first face is the one whose letters were looked up.
    return next(str(entry.name) for entry in fontManager.ttflist if entry.fname == file)


def setting(text: str, properties: FontProperties, dpi: float) -> Setting:
    """The text, one line, set in our typefaces at so many dots an inch."""
    flags = _hinting()

    def set_it() -> Setting:
        size = properties.get_size_in_points()
        font = _opened(properties)
        font.set_size(size, dpi)
        letters, low, high, end = [], [], [], 0.0
        for item in font._layout(text, flags=flags):
            extent = _remembered(
                _extents,
                (item.ft_object.fname, item.glyph_index, size, dpi, flags),
                lambda item=item: _extent(item, size, dpi),  # type: ignore[misc]
            )
            letters.append(Letter(item.ft_object.fname, item.glyph_index, item.x, item.y))
            low.append(item.y + extent[1] / UNIT)
            high.append(item.y + extent[2] / UNIT)
            end = item.x + extent[0] / UNIT
        return (
            Setting(end, max(high) - min(low), -min(low), tuple(letters)) if letters else Setting(0, 0, 0, ())
        )

    return _remembered(_settings, (text, hash(properties), dpi, flags), set_it)


def image(text: str, properties: FontProperties, dpi: float) -> Image | None:
    """The pixels of the text, one line; None when there is nothing to see."""
    size = properties.get_size_in_points()

    def draw() -> Image | None:
        parts = []
        for letter in setting(text, properties, dpi).letters:
            at, above = round(letter.x * PARTS), round(letter.y)
            part = _letter(letter, size, dpi, at % PARTS)
            if part is not None:
                parts.append((part.pixels, part.left + at // PARTS, part.top + above))
        return _together(parts) if parts else None

    return _remembered(_texts, (text, hash(properties), dpi, _hinting()), draw)


def line_height(properties: FontProperties, dpi: float) -> tuple[float, float, float]:
    """Pixels of the first typeface's ascent, descent and gap between lines."""

    def look_up() -> tuple[float, float, float]:
        font = _opened(properties)
        head, table = font.get_sfnt_table("head"), font.get_sfnt_table("OS/2")
        names = ("sTypoAscender", "sTypoDescender", "sTypoLineGap")
        return tuple(table[name] / head["unitsPerEm"] for name in names)

    ascent, descent, gap = _remembered(_heights, hash(properties), look_up)
    scale = properties.get_size_in_points() * dpi / 72
    return ascent * scale, -descent * scale, gap * scale


def _hinting() -> Any:
    return get_hinting_flag()  # type: ignore[no-untyped-call]


def _opened(properties: FontProperties) -> Any:
    return get_font(fontManager._find_fonts_by_props(properties))


def _extent(item: Any, size: float, dpi: float) -> tuple[int, int, int]:
    """A letter's advance, lowest and highest point, in 64ths of a pixel."""
    font = item.ft_object
    font.set_size(size, dpi)
    font._set_transform(UPRIGHT, [0, 0])
    glyph = font.load_glyph(item.glyph_index, flags=_hinting())
    _, low, _, high = glyph.bbox
    return glyph.horiAdvance, low, high


def _letter(letter: Letter, size: float, dpi: float, part: int) -> Image | None:
    """A letter that begins `part` quarters right of a whole pixel."""
    flags = _hinting()

    def draw() -> Image | None:
        font: Any = get_font(letter.font)
        font.set_size(size, dpi)
        font._set_transform(UPRIGHT, [part * UNIT // PARTS, 0])
        bitmap = font._render_glyph(letter.index, flags, RenderMode.NORMAL)
        pixels = np.array(bitmap.buffer)
        return Image(pixels, bitmap.left, bitmap.top) if pixels.size else None

    return _remembered(_letters, (letter.font, letter.index, size, dpi, flags, part), draw)


def _together(parts: list[tuple[np.ndarray[Any, np.dtype[np.uint8]], int, int]]) -> Image:
    """One picture of several, each with where it lies."""
    left = min(x for _, x, _ in parts)
    top = max(y for _, _, y in parts)
    right = max(x + pixels.shape[1] for pixels, x, _ in parts)
    bottom = min(y - pixels.shape[0] for pixels, _, y in parts)
    whole = np.zeros((top - bottom, right - left), np.uint8)
    for pixels, x, y in parts:
        place = whole[top - y : top - y + pixels.shape[0], x - left : x - left + pixels.shape[1]]
        np.maximum(place, pixels, out=place)
    return Image(whole, left, top)


def _remembered(memory: dict[Any, T], key: object, make: Callable[[], T]) -> T:
    try:
        return memory[key]
    except KeyError:
        if len(memory) >= MOST:
            memory.clear()
        made = memory[key] = make()
        return made
