"""Functions that format numbers and labels for charts, with the display width of Japanese characters."""

from __future__ import annotations

from unicodedata import category, east_asian_width

from veritrain_lib.reporting.cells import clean

_ZERO_WIDTH = ("Mn", "Me", "Cf")
"""Unicode categories of characters without a width, such as combining marks and joiners."""


def percent(share: float, digits: int = 1) -> str:
    """Return a share as a percentage for a chart: 0.0825 gives `8.2 %`.

    Args:
        share: the share, 1 for 100 %.
        digits: decimal places.
    """
    return f"{100 * share:.{digits}f} %"


def percent_tick(share: float, _: object = None) -> str:
    """Return the label of an axis tick as a percentage with up to three significant digits.

    Args:
        share: position of the tick, 1 for 100 %.
        _: number of the tick, which matplotlib passes; ignored.
    """
    return f"{100 * share:.3g} %"


def count_phrase(count: int, singular: str, plural: str) -> str:
    """Return a count with its noun for a chart's note, such as `2 slices have`; empty for 0.

    Args:
        count: the count.
        singular: text for a count of 1, such as `slice has`.
        plural: text for any other count, such as `slices have`.
    """
    return "" if count == 0 else f"{count:,} {singular if count == 1 else plural}"


def wrap(text: object, width: int, lines: int) -> str:
    """Wrap a chart's label into lines; a text that is too long ends with `…`.

    Args:
        text: the label.
        width: greatest display width of a line (see `display_width`).
        lines: maximum number of lines.

    Returns:
        The lines, separated by newline characters.
    """
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
    """Shorten a chart's label by cutting out its middle, so that its start and end still identify it.

    Args:
        text: the label.
        width: greatest display width of the result (see `display_width`).

    Returns:
        The label, with `…` where text was cut out.
    """
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
    """Return the display width of a chart's label: each full-width character counts 2, a combining mark 0, others 1."""
    return sum(
        0 if category(letter) in _ZERO_WIDTH else 1 + (east_asian_width(letter) in "WF") for letter in text
    )
