"""The result of reading a YAML file: its content, the location of each key and value, and its mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_REPORTED = 30
"""Mistakes that a message lists; of more, only the number is given."""

KeyPath = tuple[str | int, ...]
"""Path of a value: keys of mappings and indices of lists, from the top."""

MAX_LINE_LENGTH = 120
"""Characters of a line of the file that are shown in a message."""


@dataclass(frozen=True)
class Mistake:
    """One mistake: its line (from 1; 0 for the file in general), the path of the value, and a sentence."""

    line: int
    path: KeyPath
    text: str

    @property
    def where(self) -> str:
        """The path of the value as text, such as `budget.rounds`; empty for the file in general."""
        return ".".join(str(step) for step in self.path)


@dataclass(frozen=True)
class Location:
    """Location of a value: its line (from 1), and the word as it was written if it is plain, else ""."""

    line: int
    plain: str = ""


@dataclass
class YamlDocument:
    """A YAML file that was read.

    Attributes:
        name: Name of the file, for messages.
        content: Mappings, lists, texts, numbers, true, false, None.
        lines: Text of the file, line by line.
        locations: Locations by the path of the value. What an alias repeats has the location of the alias.
        mistakes: Mistakes that do not depend on the reader: duplicate keys, invalid numbers.
    """

    name: str
    content: Any = None
    lines: Sequence[str] = ()
    locations: dict[KeyPath, Location] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def location(self, path: KeyPath) -> Location:
        """Return the location of a value, or of the nearest value around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.locations:
                location = self.locations[path[:length]]
                return location if length == len(path) else Location(location.line)
        return Location(1)

    def mistake(self, path: KeyPath, text: str) -> Mistake:
        """Return a mistake at a value, with its line."""
        return Mistake(self.location(path).line, path, text)

    def format_mistakes(self, mistakes: Sequence[Mistake]) -> str:
        """Format all mistakes as one message in file order, each with its line and the text of that line."""
        ordered = sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.line)
        more = [f"- and {len(ordered) - MAX_REPORTED} more"] if len(ordered) > MAX_REPORTED else []
        lines = [self._format_mistake(mistake) for mistake in ordered[:MAX_REPORTED]]
        return "\n".join([f"{self.name} has {len(ordered)} mistake(s):", *lines, *more])

    def line_text(self, number: int) -> str:
        """Return the text of a line (from 1), cut to fit a message; "" when there is no such line."""
        if not 1 <= number <= len(self.lines):
            return ""
        text = self.lines[number - 1].rstrip()
        return text if len(text) <= MAX_LINE_LENGTH else text[: MAX_LINE_LENGTH - 1] + "…"

    def _format_mistake(self, mistake: Mistake) -> str:
        message = mistake.text.replace("\n", "\n  ")
        where = ", ".join(
            part for part in (f"line {mistake.line}" if mistake.line else "", mistake.where[:100]) if part
        )
        shown = self.line_text(mistake.line)
        return f"- {where or 'the file'}: {message}" + (
            f"\n    {mistake.line} | {shown}" if shown.strip() else ""
        )
