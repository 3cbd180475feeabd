"""Texts that are one label written in several ways: Unicode form, width, blanks, numbers, case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


def canonical(text: str) -> str:
    """A label in the form in which equal labels are equal: NFKC (so full-width letters are plain ones), without blanks
    around it, and with one blank where several stand."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def the_same(text: str, labels: Iterable[str]) -> str:
    """The label that a text is but for form, width and blanks; the text itself where there is none."""
    form = canonical(text)
    fitting = [label for label in labels if canonical(label) == form]
    return fitting[0] if len(fitting) == 1 else text


def without_zero_decimals(text: str) -> str:
    """`1.0` as `1`: programs that know one kind of number write whole ones so. Other texts stay."""
    return re.sub(r"\.0+\Z", "", text) if re.fullmatch(r"-?\d+\.0+", text) else text


def differs_only_in(text: str, labels: Iterable[str]) -> str:
    """A hint for a message where a text is one of the labels but for its form, width, blanks or case; else nothing."""
    form = canonical(text)
    for label in labels:
        other = canonical(label)
        if other == form:
            return f" (differs from {label!r} only in form, width or blanks)"
        if other.casefold() == form.casefold():
            return f" (differs from {label!r} only by case)"
    return ""
