"""ASCII form of identifiers: digits and punctuation in ASCII, whatever keyboard they were typed on."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_DASHES = re.compile("(?<=[0-9)])\\s?[\u2010-\u2015\u2212\u30fc\u2500\u2501\u4e00]\\s?(?=[0-9(])")
"""Pattern of characters used as a hyphen between digits: dashes, minus sign, long vowel mark, box-drawing lines."""


def to_ascii_form(text: str) -> str:
    """Normalize the digits and punctuation of a text to ASCII.

    Args:
        text: The text.

    Returns:
        The text in Unicode form NFKC, so that `０３` is `03` and `＠` is `@`, with digits of any script as ASCII and
        dashes between digits as `-`, and without invisible characters.
    """
    if text.isascii():
        return text
    folded = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    if not folded.isascii():
        folded = "".join(_digit(c) if c.isdecimal() else c for c in folded)
    return _DASHES.sub("-", folded)


def _digit(character: str) -> str:
    return str(unicodedata.decimal(character))
