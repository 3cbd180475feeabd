"""Typefaces of the machine for letters that our own two lack: Hangul, simplified Chinese, Thai, Devanagari, Arabic.

Nothing here is needed where a text is in Latin, Greek, Cyrillic or Japanese; the machine's typefaces are looked for when
the first other letter comes. Where the machine has none, the letters are counted, so that it can be said.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from veritrain_lib.reporting.fonts import japanese_font, latin_font

PREFERRED = ("notosanscjk", "notosans", "noto", "sourcehan", "wqy", "droidsans", "unifont", "free")
"""How the names of files begin, without signs, that are asked first: they are made to go together."""

AVOIDED = ("mono", "serif", "nastaliq", "kufi", "looped", "rashi", "emoji", "bold", "light", "black", "thin", "medium", "condensed", "italic")  # fmt: skip
"""What a file's name must not hold while there is another: those are for other purposes than running text."""

SHOWN = 12
"""Letters that a message names."""


def rare(text: str) -> list[str]:
    """The visible letters of a text that our own typefaces lack, each once, in order."""
    if text.isascii():
        return []
    return [letter for letter in dict.fromkeys(text) if not _is_ours(ord(letter)) and _is_visible(letter)]


@cache
def face_for(letter: str) -> Path | None:
    """The file of a typeface of this machine that has the letter; None when there is none."""
    for file in _system_faces():
        if ord(letter) in _letters_of(file):
            return file
    return None


def undrawable(texts: Iterable[str]) -> list[str]:
    """The letters of texts that no typeface has, ours or the machine's, each once."""
    found = dict.fromkeys(letter for text in texts for letter in rare(text) if face_for(letter) is None)
    return list(found)


def is_joined(text: str) -> bool:
    """Whether a text holds letters that are put together or set from right to left, which needs a shaping engine."""
    return not text.isascii() and any(
        unicodedata.bidirectional(one) in ("R", "AL") or _is_indic(one) for one in text
    )


def _is_indic(letter: str) -> bool:
    """Whether a letter is of a script in which neighbours form one sign (Devanagari to Tibetan with Thai and Lao, Myanmar, Khmer)."""
    return (
        0x0900 <= ord(letter) <= 0x0FFF or 0x1000 <= ord(letter) <= 0x109F or 0x1780 <= ord(letter) <= 0x17FF
    )


def told(letters: Iterable[str]) -> str:
    """What to say of letters that can't be drawn, "" for none."""
    lost = list(letters)
    if not lost:
        return ""
    shown = ", ".join(map(_name, lost[:SHOWN]))
    more = f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
    return (
        f"No typeface on this machine has {len(lost)} of the letters used here, so they can't be drawn: {shown}{more}. "
        "Install one that has them, such as Noto (packages fonts-noto-core and fonts-noto-cjk)."
    )


def _name(letter: str) -> str:
    return f"U+{ord(letter):04X} {unicodedata.name(letter, 'without a name')}"


def _is_visible(letter: str) -> bool:
    # Marks that join letters or turn the direction are no letters; controls show as nothing.
    return unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Co", "Cn") and not (
        0xFE00 <= ord(letter) <= 0xFE0F
    )


def _is_ours(code: int) -> bool:
    return code in _letters_of(latin_font()) or code in _letters_of(japanese_font())


@cache
def _letters_of(file: Path) -> frozenset[int]:
    """The letters that a typeface has, by their code; none of a file that can't be read."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(str(file)).get_charmap())
    except (OSError, RuntimeError, ValueError):
        return frozenset()


@cache
def _system_faces() -> tuple[Path, ...]:
    """The files of typefaces on this machine, the best suited first; in the same order each time."""
    from matplotlib.font_manager import findSystemFonts

    return tuple(sorted((Path(name) for name in findSystemFonts()), key=_rank))


def _rank(file: Path) -> tuple[bool, int, int, str]:
    name = "".join(letter for letter in file.stem.lower() if letter.isalnum())
    place = next((number for number, start in enumerate(PREFERRED) if name.startswith(start)), len(PREFERRED))
    return any(word in name for word in AVOIDED), place, len(name), str(file)
