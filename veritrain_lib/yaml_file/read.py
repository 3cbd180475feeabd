"""A YAML file, read from parser events, so that no input recurses, expands without end or makes an object.

PyYAML's own loaders copy nothing for an alias, but whoever walks the result later does: nine anchors of nine aliases
each are a billion values ("billion laughs"). Here what aliases repeat counts as often as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.yaml_file.document import Document, Mistake, Path, Place
from veritrain_lib.yaml_file.scalars import resolve

if TYPE_CHECKING:
    from pathlib import Path as FilePath

LARGEST_FILE = 1_000_000
"""Bytes of a file."""

MOST_VALUES = 50_000
"""Values of a file, with all that aliases repeat; a text counts one more for every 100 characters."""

DEEPEST = 40
"""Mappings and lists within one another, with what aliases bring in."""

STANDARD = "tag:yaml.org,2002:"


def read_yaml(file: FilePath) -> Document:
    """Read a YAML file of UTF-8 (a byte order mark is skipped).

    Raises UserError when it can't be read or is no YAML, with the line; when it is larger, deeper or expands further
    than allowed. Keys that stand twice and values that make no sense are `mistakes` of the document.
    """
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise UserError(
                f"{file.name} has {file.stat().st_size:,} bytes; at most {LARGEST_FILE:,} are read. Rows belong into data files"
            )
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{file.name} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{file.name[:100]} can't be read: {error}") from error
    return parse_yaml(text, file.name)


def parse_yaml(text: str, name: str) -> Document:
    """Read the text of a YAML file, as `read_yaml` does; `name` is for messages."""
    import yaml

    # libyaml's parser where there is one: it takes a tenth of the time
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    building = _Building(Document(name, lines=text.splitlines()))
    try:
        for event in yaml.parse(text, Loader=loader):
            building.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = mark.line + 1 if mark else 0
        told = str(getattr(error, "problem", "") or error).splitlines()[0]
        shown = building.document.line_text(line)
        raise UserError(
            f"{name} is no YAML: {f'line {line}: ' if line else ''}{told}"
            + (f"\n    {line} | {shown}" if shown.strip() else "")
        ) from error
    return building.document


@dataclass
class _Anchored:
    """A finished value that aliases may repeat, with what it weighs and how deep it is."""

    value: Any
    weight: int
    height: int


@dataclass
class _Open:
    """A mapping or list that is being filled."""

    value: dict[str, Any] | list[Any]
    path: Path
    anchor: str | None
    weight: int = 1
    height: int = 1
    key: str | None = None
    key_lines: dict[str, int] = field(default_factory=dict)
    merged: list[Any] = field(default_factory=list)


MERGE = "<<"
"""The key by which a mapping takes over the keys of another one that it does not have itself."""


class _Building:
    """Takes a parser's events one by one and fills a document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._weight = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        """Go on by one event."""
        import yaml

        line = event.start_mark.line + 1 if event.start_mark else 0
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise UserError(
                        f"{self.document.name}: line {line}: a second document begins (---); one is allowed"
                    )
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._begin(event, line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end(line)
            case yaml.ScalarEvent():
                self._scalar(event, line)
            case yaml.AliasEvent():
                self._alias(event, line)
            case _:
                pass

    def _begin(self, event: Any, line: int) -> None:
        import yaml

        mapping = isinstance(event, yaml.MappingStartEvent)
        self._tag_allowed(event, line, ("map",) if mapping else ("seq",))
        path = self._next_path(line)
        if len(self._open) >= DEEPEST:
            raise self._refusal(line, f"more than {DEEPEST} mappings and lists within one another")
        if self._expects_key():
            raise self._refusal(line, "a key must be a plain text, not a mapping or list")
        self.document.places.setdefault(path, Place(line))
        if event.anchor:
            self._anchors[event.anchor] = None
        self._weigh(1, line)
        self._open.append(_Open({} if mapping else [], path, event.anchor))

    def _end(self, line: int) -> None:
        done = self._open.pop()
        if isinstance(done.value, dict):
            for other in done.merged:
                for key, value in other.items():
                    done.value.setdefault(key, value)
        if done.anchor:
            self._anchors[done.anchor] = _Anchored(done.value, done.weight, done.height)
        self._add(done.value, done.weight, done.height, line)

    def _scalar(self, event: Any, line: int) -> None:
        self._tag_allowed(event, line, ("str",))
        plain = event.style is None or event.style == ""
        is_text = not plain or event.tag == STANDARD + "str"
        text: str = event.value
        if self._expects_key():
            self._key(text, is_text, line)
            return
        path = self._next_path(line)
        value: Any = text
        if any(ord(letter) < 32 and letter not in "\t\n\r" for letter in text):
            self._wrong(line, path, "the text holds a control character; take it out")
            value = None
        elif not is_text:
            try:
                value = resolve(text)
            except ValueError as error:
                self._wrong(line, path, str(error))
                value = None
        self.document.places[path] = Place(line, "" if is_text else text[:60])
        weight = 1 + len(text) // 100
        self._weigh(weight, line)
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(value, weight, 0)
        self._add(value, weight, 0, line)

    def _key(self, text: str, is_text: bool, line: int) -> None:
        frame = self._open[-1]
        try:
            meaning = text if is_text or text == MERGE else resolve(text)
        except ValueError:
            meaning = None
        if not isinstance(meaning, str):
            self._wrong(
                line,
                frame.path,
                f"the key {text[:40] or 'nothing'} is read as {_said(meaning)}; put it in quotes",
            )
        if len(text) > 1000 or any(ord(letter) < 32 for letter in text):
            self._wrong(
                line, frame.path, "a key is longer than 1,000 characters or holds a control character"
            )
        if text in frame.key_lines and text != MERGE:
            self._wrong(
                line,
                (*frame.path, text),
                f"the key {text[:60]!r} stands twice, in line {frame.key_lines[text]} and line {line}; keep one of them",
            )
        frame.key_lines.setdefault(text, line)
        frame.key = text
        weight = 1 + len(text) // 100
        frame.weight += weight
        self._weigh(weight, line)

    def _alias(self, event: Any, line: int) -> None:
        if self._expects_key():
            raise self._refusal(line, "an alias can't be a key; write the key out")
        if event.anchor not in self._anchors:
            raise self._refusal(line, f"there is no anchor &{event.anchor[:60]} above")
        found = self._anchors[event.anchor]
        if found is None:
            raise self._refusal(line, f"the anchor &{event.anchor[:60]} holds itself")
        if len(self._open) + found.height > DEEPEST:
            raise self._refusal(line, f"more than {DEEPEST} mappings and lists within one another")
        self.document.places.setdefault(self._next_path(line), Place(line))
        self._weigh(found.weight, line)
        self._add(found.value, found.weight, found.height, line)

    def _add(self, value: Any, weight: int, height: int, line: int) -> None:
        if not self._open:
            self.document.content = value
            return
        frame = self._open[-1]
        frame.weight += weight
        frame.height = max(frame.height, height + 1)
        if isinstance(frame.value, list):
            frame.value.append(value)
            return
        key, frame.key = frame.key, None
        if key == MERGE:
            frame.merged += self._mergeable(value, line)
        elif key is not None:
            frame.value.setdefault(key, value)

    def _mergeable(self, value: Any, line: int) -> list[dict[str, Any]]:
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            raise self._refusal(line, "<<: takes over the keys of a mapping; give it one, or a list of them")
        return list(parts)

    def _weigh(self, weight: int, line: int) -> None:
        self._weight += weight
        if self._weight > MOST_VALUES:
            raise self._refusal(line, f"more than {MOST_VALUES:,} values, counting what aliases repeat")

    def _expects_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key is None

    def _next_path(self, line: int) -> Path:
        if not self._open:
            return ()
        frame = self._open[-1]
        step: str | int = len(frame.value) if isinstance(frame.value, list) else frame.key or ""
        if isinstance(step, str):
            # A key that stands twice keeps its first place.
            self.document.places.setdefault((*frame.path, step), Place(frame.key_lines.get(step, line)))
        return (*frame.path, step)

    def _tag_allowed(self, event: Any, line: int, names: tuple[str, ...]) -> None:
        if event.tag not in (None, "!", *(STANDARD + name for name in names)):
            raise self._refusal(
                line,
                f"the tag {event.tag[:80]} asks for an object; only mappings, lists, texts and numbers are read",
            )

    def _wrong(self, line: int, path: Path, text: str) -> None:
        self.document.mistakes.append(Mistake(line, path, text))

    def _refusal(self, line: int, text: str) -> UserError:
        shown = self.document.line_text(line)
        return UserError(
            f"{self.document.name}: line {line}: {text}"
            + (f"\n    {line} | {shown}" if shown.strip() else "")
        )


def _said(value: object) -> str:
    names = {"True": "true", "False": "false", "None": "nothing"}
    return names.get(str(value), f"the number {value}")
