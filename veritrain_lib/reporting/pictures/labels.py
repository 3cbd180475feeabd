"""Formatting of numbers and labels in charts, with the display width of Japanese characters."""

from __future__ import annotations

from unicodedata import category, east_asian_width

from veritrain_lib.reporting.cells import clean

_ZERO_WIDTH = ("Mn", "Me", "Cf")
"""Unicode categories of combining marks and joiners, which take no width (such as the voicing mark of a kana)."""


def percent(share: float, digits: int = 1) -> str:
    """Return a share as a percentage: 0.0825 as `8.2 %`."""
    return f"{100 * share:.{digits}f} %"


def percent_tick(share: float, _: object = None) -> str:
    """Return a tick label as a percentage with no more digits than necessary."""
    return f"{100 * share:.3g} %"


def count_phrase(count: int, singular: str, plural: str) -> str:
    """Return a count with its noun, such as `1 slice has` or `3 slices have`; empty for 0."""
    return "" if count == 0 else f"{count:,} {singular if count == 1 else plural}"


def wrap(text: object, width: int, lines: int) -> str:
    """Wrap a text to at most `lines` lines of `width` columns; long words are broken, and the rest is cut by `…`."""
    wrapped = [""]
    for word in clean(str(text)).split():
        if wrapped[-1] and display_width(f"{wrapped[-1]} {word}") > width:
            wrapped.append("")
        wrapped[-1] += f" {word}" if wrapped[-1] else ""
        for letter in "" if wrapped[-1] else word:
            if display_width(wrapped[-1] + letter) > width:
                wrapped.append("")
            wrapped[-1] += letter
    if len(wrapped) > lines:
        wrapped = wrapped[:lines]
        while display_width(wrapped[-1]) >= width:
            wrapped[-1] = wrapped[-1][:-1]
        wrapped[-1] += "…"
    return "\n".join(wrapped)


def shorten(text: object, width: int = 40) -> str:
    """Shorten a label in its middle, so that its ends still identify it; a full-width character counts as two."""
    label = " ".join(clean(str(text)).split())
    if display_width(label) <= width:
        return label
    front, back = label, label
    while display_width(front) > (width - 1) * 3 // 5:
        front = front[:-1]
    while display_width(back) > (width - 1) * 2 // 5:
        back = back[1:]
    return f"{front}…{back}"


def display_width(text: str) -> int:
    """Return the width of a text in columns: two for a full-width character, none for a combining mark."""
    return sum(
        0 if category(letter) in _ZERO_WIDTH else 1 + (east_asian_width(letter) in "WF") for letter in text
    )
