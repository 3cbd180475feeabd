"""Interpretation of plain words in YAML: null, true or false, a number, or a text.

The rules are those of YAML 1.1 as PyYAML implements them, except for surprising ones: `1:30` (5400 in YAML
1.1), `010` (8 there) and dates stay texts.
"""

from __future__ import annotations

import math
import re

NULL = frozenset({"", "~", "null", "Null", "NULL"})
TRUE = frozenset({"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
FALSE = frozenset({"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)")
NUMBER = re.compile(r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*(?=[eE]))([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

MAX_INTEGER = 2**63 - 1
"""Largest whole number: 64 bits, because databases and libraries accept no larger ones."""

MAX_DIGITS = 40
"""Longest number, in characters, because the time to parse one grows with the square of its length."""


def resolve(word: str) -> str | int | float | bool | None:
    """Return the value of a plain word in YAML: None, true or false, a number, or a text.

    Raises:
        ValueError: The word is a number that is infinite, NaN, too large or too long.
    """
    if word in NULL:
        return None
    if word in TRUE or word in FALSE:
        return word in TRUE
    if word[0] not in "-+.0123456789":
        return word
    if INTEGER.fullmatch(word):
        return _parse_integer(word)
    if NOT_FINITE.fullmatch(word):
        raise ValueError(f"{word} is no finite number; write a number, or put the word in quotes")
    if NUMBER.fullmatch(word):
        if len(word) > MAX_DIGITS:
            raise ValueError(f"a number of {len(word)} characters; at most {MAX_DIGITS} are read")
        value = float(word.replace("_", ""))
        if not math.isfinite(value):
            raise ValueError(f"{word} is no finite number; write a smaller one")
        return value
    return word


def _parse_integer(word: str) -> int:
    digits = word.replace("_", "")
    value = int(digits, 0) if len(digits) <= MAX_DIGITS else MAX_INTEGER + 1
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        shown = word if len(word) <= 25 else f"a number of {len(digits)} digits"
        raise ValueError(
            f"{shown} is too large; whole numbers are allowed up to {MAX_INTEGER} (put a name made of digits in quotes)"
        )
    return value
