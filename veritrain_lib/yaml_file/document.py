"""The result of reading a YAML file: its content, the line of each key and value, and its mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_REPORTED = 30
"""Maximum number of mistakes that a message lists; further ones are only counted."""

KeyPath = tuple[str | int, ...]
"""Type of a value's path in a YAML file: keys of mappings and indices of lists, from the top."""

MAX_LINE_LENGTH = 120
"""Maximum number of characters that a message shows of a line of the file."""


@dataclass(frozen=True)
class Mistake:
    """One mistake in a YAML file, with its place and a sentence that describes it.

    Attributes:
        line: The line, from 1; 0 if the mistake concerns the file as a whole.
        path: The path of the value.
        text: The sentence.
    """

    line: int
    path: KeyPath
    text: str

    @property
    def where(self) -> str:
        """The path of the value as text, such as `budget.rounds`; empty if the mistake concerns the file as a whole."""
        return ".".join(str(step) for step in self.path)


@dataclass(frozen=True)
class Location:
    """Place of a value in a YAML file.

    Attributes:
        line: The line, from 1.
        plain: The word as it is written in the file, if it is a scalar without quotes; empty for every other
            value.
    """

    line: int
    plain: str = ""


@dataclass
class YamlDocument:
    """Content of a YAML file, with the location of each value.

    Attributes:
        name: Name of the file, for messages.
        content: The content: mappings, lists, texts, numbers, true, false and None.
        lines: The text of the file, line by line.
        locations: The location of each value by its path; values that an alias repeats have the location of
            the alias.
        mistakes: Mistakes that are independent of the use of the file: duplicate keys and invalid values.
    """

    name: str
    content: Any = None
    lines: Sequence[str] = ()
    locations: dict[KeyPath, Location] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def location(self, path: KeyPath) -> Location:
        """Return the location of a value in the YAML file; for a missing value, that of the nearest value around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.locations:
                location = self.locations[path[:length]]
                return location if length == len(path) else Location(location.line)
        return Location(1)

    def mistake(self, path: KeyPath, text: str) -> Mistake:
        """Create a mistake about a value of the YAML file, with the value's line; it is not added to `mistakes`."""
        return Mistake(self.location(path).line, path, text)

    def format_mistakes(self, mistakes: Sequence[Mistake]) -> str:
        """Return mistakes in the YAML file as one message, sorted by line, each with the text of its line."""
        ordered = sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.line)
        more = [f"- and {len(ordered) - MAX_REPORTED} more"] if len(ordered) > MAX_REPORTED else []
        lines = [self._format_mistake(mistake) for mistake in ordered[:MAX_REPORTED]]
        return "\n".join([f"{self.name} has {len(ordered)} mistake(s):", *lines, *more])

    def line_text(self, number: int) -> str:
        """Return the text of a line of the YAML file, cut off to fit into a message; empty if there is no such line.

        Args:
            number: The number of the line, from 1.
        """
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
