"""System fonts for characters that the bundled fonts lack, such as Hangul, simplified Chinese, Thai or Arabic.

Text in Latin, Greek, Cyrillic or Japanese needs nothing from this module; system fonts are searched when the first
other character occurs. `missing_glyph_message` reports characters that no font has.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from veritrain_lib.fonts.bundled import japanese_font, latin_font

PREFERRED = ("notosanscjk", "notosans", "noto", "sourcehan", "wqy", "droidsans", "unifont", "free")
"""Prefixes of font file names (letters and digits only) that are tried first, because their designs match."""

AVOIDED = ("mono", "serif", "nastaliq", "kufi", "looped", "rashi", "emoji", "bold", "light", "black", "thin", "medium", "condensed", "italic")  # fmt: skip
"""Parts of font file names that are tried last, because such fonts are not meant for running text."""

MAX_LISTED = 12
"""Maximum characters that the message about missing characters lists."""


def uncovered_characters(text: str) -> list[str]:
    """Return the visible characters of a text that the bundled fonts lack, each once, in order."""
    if text.isascii():
        return []
    return [
        character
        for character in dict.fromkeys(text)
        if not _is_bundled(ord(character)) and _is_visible(character)
    ]


@cache
def font_for(character: str) -> Path | None:
    """Return the path of a system font that can draw a character; None if there is none."""
    for file in _installed_fonts():
        if ord(character) in _characters_of(file):
            return file
    return None


def undrawable_characters(texts: Iterable[str]) -> list[str]:
    """Return the characters of texts that neither a bundled nor a system font has, each once."""
    characters = dict.fromkeys(
        character for text in texts for character in uncovered_characters(text) if font_for(character) is None
    )
    return list(characters)


def needs_shaping(text: str) -> bool:
    """Return whether a text needs text shaping: it has joined, combining or right-to-left characters."""
    return not text.isascii() and any(
        unicodedata.bidirectional(character) in ("R", "AL") or _is_indic(character) for character in text
    )


def _is_indic(character: str) -> bool:
    """Return whether a character belongs to a script with combining glyphs.

    These scripts are in the Unicode blocks from Devanagari to Tibetan (with Thai and Lao), Myanmar and Khmer.
    """
    return (
        0x0900 <= ord(character) <= 0x0FFF
        or 0x1000 <= ord(character) <= 0x109F
        or 0x1780 <= ord(character) <= 0x17FF
    )


def missing_glyph_message(characters: Iterable[str]) -> str:
    """Return a message to the user that lists characters which no font can draw; an empty text for no characters."""
    missing = list(characters)
    if not missing:
        return ""
    shown = ", ".join(map(_name, missing[:MAX_LISTED]))
    more = f" and {len(missing) - MAX_LISTED} more" if len(missing) > MAX_LISTED else ""
    return (
        f"No font on this machine has {len(missing)} of the characters used here, so they can't be drawn: {shown}{more}. "
        "Install one that has them, such as Noto (packages fonts-noto-core and fonts-noto-cjk)."
    )


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'without a name')}"


def _is_visible(character: str) -> bool:
    # Joiners, direction marks and control characters are invisible.
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Co", "Cn") and not (
        0xFE00 <= ord(character) <= 0xFE0F
    )


def _is_bundled(code: int) -> bool:
    return code in _characters_of(latin_font()) or code in _characters_of(japanese_font())


@cache
def _characters_of(file: Path) -> frozenset[int]:
    """Return the Unicode code points that a font file has glyphs for; none for a file that can't be read."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(str(file)).get_charmap())
    except (OSError, RuntimeError, ValueError):
        return frozenset()


@cache
def _installed_fonts() -> tuple[Path, ...]:
    """Return the paths of all system fonts, the best suited first and always in the same order."""
    from matplotlib.font_manager import findSystemFonts

    return tuple(sorted((Path(name) for name in findSystemFonts()), key=_rank))


def _rank(file: Path) -> tuple[bool, int, int, str]:
    name = "".join(character for character in file.stem.lower() if character.isalnum())
    rank = next(
        (position for position, prefix in enumerate(PREFERRED) if name.startswith(prefix)), len(PREFERRED)
    )
    return any(word in name for word in AVOIDED), rank, len(name), str(file)
