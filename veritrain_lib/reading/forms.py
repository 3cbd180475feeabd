"""Comparison of labels that may be written in several ways: Unicode form, width, blanks, numbers, case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


def canonical(text: str) -> str:
    """Return the canonical form of a label: NFKC (full-width letters become plain ones), trimmed, with single blanks.

    Two spellings of the same label have the same canonical form.
    """
    return " ".join(unicodedata.normalize("NFKC", text).split())


def match_label(text: str, labels: Iterable[str]) -> str:
    """Return the task's label that a text spells differently (Unicode form, width, blanks), else the text itself.

    The text is also returned if several labels match.
    """
    normalized = canonical(text)
    matches = [label for label in labels if canonical(label) == normalized]
    return matches[0] if len(matches) == 1 else text


def without_zero_decimals(text: str) -> str:
    """Return a label such as `1.0` as `1`, because some programs write whole numbers so; other texts stay."""
    return re.sub(r"\.0+\Z", "", text) if re.fullmatch(r"-?\d+\.0+", text) else text


def near_label_hint(text: str, labels: Iterable[str]) -> str:
    """Return a hint for an error message if a text differs from a task's label only in its spelling; else "".

    Spelling means Unicode form, width, blanks or case.
    """
    normalized = canonical(text)
    for label in labels:
        other_normalized = canonical(label)
        if other_normalized == normalized:
            return f" (differs from {label!r} only in form, width or blanks)"
        if other_normalized.casefold() == normalized.casefold():
            return f" (differs from {label!r} only by case)"
    return ""
