"""How numbers and labels are written in a picture, Japanese widths included."""

from __future__ import annotations

from unicodedata import category, east_asian_width

from veritrain_lib.reporting.cells import clean

_SET_ON = ("Mn", "Me", "Cf")
"""Marks and joiners, such as the voicing mark of a Kana that is written in two code points."""


def percent(share: float, digits: int = 1) -> str:
    """0.0825 as `8.2 %`."""
    return f"{100 * share:.{digits}f} %"


def percent_tick(share: float, _: object = None) -> str:
    """A tick's label: no more digits than it needs."""
    return f"{100 * share:.3g} %"


def counted(count: int, one: str, many: str) -> str:
    """`1 slice has` or `3 slices have`; empty for none."""
    return "" if count == 0 else f"{count:,} {one if count == 1 else many}"


def fold(text: object, width: int, lines: int) -> str:
    """Text in at most so many lines of `width` columns; a longer word is broken, the rest cut by `…`."""
    folded = [""]
    for word in clean(str(text)).split():
        if folded[-1] and columns_of(f"{folded[-1]} {word}") > width:
            folded.append("")
        folded[-1] += f" {word}" if folded[-1] else ""
        for letter in "" if folded[-1] else word:
            if columns_of(folded[-1] + letter) > width:
                folded.append("")
            folded[-1] += letter
    if len(folded) > lines:
        folded = folded[:lines]
        while columns_of(folded[-1]) >= width:
            folded[-1] = folded[-1][:-1]
        folded[-1] += "…"
    return "\n".join(folded)


def shorten(text: object, width: int = 40) -> str:
    """A label cut in its middle, so that its ends still tell it apart; a full-width letter counts as two."""
    label = " ".join(clean(str(text)).split())
    if columns_of(label) <= width:
        return label
    front, back = label, label
    while columns_of(front) > (width - 1) * 3 // 5:
        front = front[:-1]
    while columns_of(back) > (width - 1) * 2 // 5:
        back = back[1:]
    return f"{front}…{back}"


def columns_of(text: str) -> int:
    """Width of a text in columns: a full-width letter takes two, a mark that is set on another letter none."""
    return sum(
        0 if category(letter) in _SET_ON else 1 + (east_asian_width(letter) in "WF") for letter in text
    )
