"""Comparison of labels that are written in several ways: Unicode form, width, blanks, numbers, case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


def canonical(text: str) -> str:
    """Return the canonical form of a label.

    NFKC (full-width letters become plain ones), trimmed, with single blanks.
    """
    return " ".join(unicodedata.normalize("NFKC", text).split())


def match_label(text: str, labels: Iterable[str]) -> str:
    """Return the label that equals a text but for form, width and blanks, else the text."""
    normalized = canonical(text)
    matches = [label for label in labels if canonical(label) == normalized]
    return matches[0] if len(matches) == 1 else text


def without_zero_decimals(text: str) -> str:
    """Return `1.0` as `1`, since some programs write whole numbers so; other texts stay."""
    return re.sub(r"\.0+\Z", "", text) if re.fullmatch(r"-?\d+\.0+", text) else text


def near_label_hint(text: str, labels: Iterable[str]) -> str:
    """Return a hint for a message if a text equals a label but for form, width, blanks or case, else ""."""
    normalized = canonical(text)
    for label in labels:
        other_normalized = canonical(label)
        if other_normalized == normalized:
            return f" (differs from {label!r} only in form, width or blanks)"
        if other_normalized.casefold() == normalized.casefold():
            return f" (differs from {label!r} only by case)"
    return ""
