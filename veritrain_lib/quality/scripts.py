"""Writing systems (scripts) of a text, for the detection of texts that switch between languages."""

from __future__ import annotations

import re

LETTERS = 3
"""Smallest number of letters of a second script for a text to count as mixed; fewer are an abbreviation or a unit."""

# Kana and Han count as one script: Japanese uses both in every sentence.
_SCRIPTS = {
    "latin": "A-Za-z\u00c0-\u024f\u1e00-\u1eff",
    "cjk": "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff",
    "hangul": "\uac00-\ud7af\u1100-\u11ff",
    "cyrillic": "\u0400-\u052f",
    "greek": "\u0370-\u03ff",
    "arabic": "\u0600-\u06ff\u0750-\u077f",
    "hebrew": "\u0590-\u05ff",
    "devanagari": "\u0900-\u097f",
    "thai": "\u0e00-\u0e7f",
}
_LETTERS = {name: re.compile(f"[{letters}]") for name, letters in _SCRIPTS.items()}
_NOT_PROSE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[!-~]*[0-9_/\\][!-~]*")


def scripts_in(text: str) -> list[str]:
    """Return the writing systems that a text uses, such as `latin` or `cjk`.

    Args:
        text: The text.

    Returns:
        Names of the scripts with at least three letters outside of addresses, numbers and paths.
    """
    if text.isascii():
        return ["latin"] if len(_LETTERS["latin"].findall(text)) >= LETTERS else []
    prose = _NOT_PROSE.sub(" ", text)
    return [name for name, letter in _LETTERS.items() if len(letter.findall(prose)) >= LETTERS]


def is_mixed(text: str) -> bool:
    """Return whether a text is written in more than one script.

    Args:
        text: The text.
    """
    return not text.isascii() and len(scripts_in(text)) > 1
