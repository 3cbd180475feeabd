"""Random texts that a pattern matches, made from its parts: what a first look must never lose."""

from __future__ import annotations

import random
import re
from typing import Any

_parser: Any = re._parser  # type: ignore[attr-defined]
MOST = 3
"""Repeats at most, of what a pattern lets repeat for ever."""

_SPACES, _LETTERS, _SIGNS = " \t\n", "abexyz", " .,'-"


def sample(pattern: re.Pattern[str], rng: random.Random) -> str:
    """A text that the pattern probably matches; what it only looks at (behind, ahead) is not made."""
    return _of(_parser.parse(pattern.pattern, pattern.flags), rng)


def _of(parts: Any, rng: random.Random) -> str:
    return "".join(_one(str(kind), given, rng) for kind, given in parts)


def _one(kind: str, given: Any, rng: random.Random) -> str:
    if kind == "LITERAL":
        letter = chr(given)
        return letter.upper() if rng.random() < 0.1 else letter
    if kind in ("MAX_REPEAT", "MIN_REPEAT"):
        least, most, what = given
        return "".join(_of(what, rng) for _ in range(rng.randint(least, min(int(most), least + MOST))))
    if kind == "SUBPATTERN":
        return _of(given[3], rng)
    if kind == "BRANCH":
        return _of(rng.choice(given[1]), rng)
    if kind == "IN":
        return _one(*((str((one := rng.choice(given))[0])), one[1]), rng)
    if kind == "RANGE":
        return chr(rng.randint(*given))
    if kind == "CATEGORY":
        spaces, letters = "CATEGORY_SPACE" in str(given), "CATEGORY_WORD" in str(given)
        return rng.choice(_SPACES if spaces else _LETTERS if letters else _SIGNS)
    if kind in ("ANY", "NOT_LITERAL"):
        return rng.choice(_LETTERS + _SIGNS)
    return ""
