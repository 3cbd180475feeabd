"""What a YAML file holds: its content, where each key and value stands, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_TOLD = 30
"""Mistakes that a message tells; of more, how many there are."""

Path = tuple[str | int, ...]
"""The way to a value: keys of mappings and indices of lists, from the top."""

LONGEST_LINE = 120
"""Characters of a line of the file that are shown in a message."""


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong: the line (from 1; 0 for the file as a whole), the way to the value, and a sentence."""

    line: int
    path: Path
    text: str

    @property
    def where(self) -> str:
        """The way to the value in words, such as `budget.rounds`; empty for the file as a whole."""
        return ".".join(str(step) for step in self.path)


@dataclass(frozen=True)
class Place:
    """Where a value stands: its line (from 1), and the word as it was written if it is plain, else ""."""

    line: int
    plain: str = ""


@dataclass
class Document:
    """A file that was read.

    Attributes:
        name: of the file, for messages.
        content: mappings, lists, texts, numbers, true, false, None.
        lines: the text of the file, line by line.
        places: where values stand, by the way to them. What an alias repeats has the place of the alias.
        mistakes: what is wrong in the file, whoever reads it: keys that stand twice, numbers that are none.
    """

    name: str
    content: Any = None
    lines: Sequence[str] = ()
    places: dict[Path, Place] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        """Where the value stands, or the nearest one around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                found = self.places[path[:length]]
                return found if length == len(path) else Place(found.line)
        return Place(1)

    def mistake(self, path: Path, text: str) -> Mistake:
        """A mistake at a value, with its line."""
        return Mistake(self.place(path).line, path, text)

    def told(self, mistakes: Sequence[Mistake]) -> str:
        """All mistakes as one message in the order of the file, each with its line and what stands there."""
        ordered = sorted(dict.fromkeys(mistakes), key=lambda one: one.line)
        more = [f"- and {len(ordered) - MOST_TOLD} more"] if len(ordered) > MOST_TOLD else []
        told = [self._line(one) for one in ordered[:MOST_TOLD]]
        return "\n".join([f"{self.name} has {len(ordered)} mistake(s):", *told, *more])

    def line_text(self, number: int) -> str:
        """What stands in a line (from 1), cut to what fits a message; "" when there is no such line."""
        if not 1 <= number <= len(self.lines):
            return ""
        text = self.lines[number - 1].rstrip()
        return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"

    def _line(self, one: Mistake) -> str:
        told = one.text.replace("\n", "\n  ")
        where = ", ".join(part for part in (f"line {one.line}" if one.line else "", one.where[:100]) if part)
        shown = self.line_text(one.line)
        return f"- {where or 'the file'}: {told}" + (f"\n    {one.line} | {shown}" if shown.strip() else "")
