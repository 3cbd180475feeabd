"""What a plain word of YAML means: nothing, true or false, a number, or a text.

Almost YAML 1.1, as PyYAML reads it. What that reads in a way that nobody expects stays a text: 1:30 (5400 there),
010 (8 there) and dates.
"""

from __future__ import annotations

import math
import re

NULL = frozenset({"", "~", "null", "Null", "NULL"})
TRUE = frozenset({"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
FALSE = frozenset({"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)")
NUMBER = re.compile(r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*(?=[eE]))([eE][-+]?[0-9]+)?")
NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

LARGEST = 2**63 - 1
"""Whole numbers are those of 64 bits: what is written into databases and asked of libraries is not larger."""

LONGEST_DIGITS = 40
"""Digits above which a number is not even read: reading one takes time with the square of its length."""


def resolve(word: str) -> str | int | float | bool | None:
    """The value of a plain word.

    Raises ValueError with a sentence for a number that is infinite, none at all, or too large.
    """
    if word in NULL:
        return None
    if word in TRUE or word in FALSE:
        return word in TRUE
    if word[0] not in "-+.0123456789":
        return word
    if INTEGER.fullmatch(word):
        return _whole(word)
    if NO_NUMBER.fullmatch(word):
        raise ValueError(f"{word} is no finite number; write a number, or put the word in quotes")
    if NUMBER.fullmatch(word):
        if len(word) > LONGEST_DIGITS:
            raise ValueError(f"a number of {len(word)} characters; at most {LONGEST_DIGITS} are read")
        value = float(word.replace("_", ""))
        if not math.isfinite(value):
            raise ValueError(f"{word} is no finite number; write a smaller one")
        return value
    return word


def _whole(word: str) -> int:
    digits = word.replace("_", "")
    value = int(digits, 0) if len(digits) <= LONGEST_DIGITS else LARGEST + 1
    if not -LARGEST <= value <= LARGEST:
        shown = word if len(word) <= 25 else f"a number of {len(digits)} digits"
        raise ValueError(
            f"{shown} is too large; whole numbers are allowed up to {LARGEST} (put a name made of digits in quotes)"
        )
    return value
