"""Functions that read YAML safely, from a parser's events: no input can recurse, expand endlessly or create objects.

PyYAML's own loaders copy nothing for an alias, but code that later walks through the result does: nine levels
of anchors with nine aliases each are a billion values ("billion laughs"). Here every repetition by an alias
counts towards the limit of values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.yaml_file.document import KeyPath, Location, Mistake, YamlDocument
from veritrain_lib.yaml_file.scalars import resolve

if TYPE_CHECKING:
    from pathlib import Path as FilePath

MAX_FILE_BYTES = 1_000_000
"""Largest size of a YAML file, in bytes."""

MAX_VALUES = 50_000
"""Maximum number of values of a YAML file, including repetitions by aliases.

A text counts as one more value for every 100 characters.
"""

MAX_DEPTH = 40
"""Deepest nesting of mappings and lists, including those that aliases repeat."""

STANDARD_TAG = "tag:yaml.org,2002:"


def read_yaml(file: FilePath) -> YamlDocument:
    """Read a YAML file in UTF-8, with the line of each value; a byte order mark is skipped.

    Duplicate keys and invalid values are collected in the document's `mistakes`.

    Raises:
        UserError: The file can't be read, is not valid YAML (the message names the line), or exceeds a limit
            of size, depth or number of values.
    """
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise UserError(
                f"{file.name} has {file.stat().st_size:,} bytes; at most {MAX_FILE_BYTES:,} are read. Rows belong into data files"
            )
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{file.name} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{file.name[:100]} can't be read: {error}") from error
    return parse_yaml(text, file.name)


def parse_yaml(text: str, name: str) -> YamlDocument:
    """Parse the text of a YAML file to a document with the line of each value.

    Duplicate keys and invalid values are collected in the document's `mistakes`.

    Args:
        text: The text.
        name: Name of the file, for messages.

    Raises:
        UserError: The text is not valid YAML (the message names the line), or has too many values or levels of nesting.
    """
    import yaml

    # libyaml's parser where available: it takes a tenth of the time
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _DocumentBuilder(YamlDocument(name, lines=text.splitlines()))
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.add_event(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = mark.line + 1 if mark else 0
        problem = str(getattr(error, "problem", "") or error).splitlines()[0]
        shown = builder.document.line_text(line)
        raise UserError(
            f"{name} is not valid YAML: {f'line {line}: ' if line else ''}{problem}"
            + (f"\n    {line} | {shown}" if shown.strip() else "")
        ) from error
    return builder.document


@dataclass
class _AnchoredValue:
    """Complete YAML value with an anchor, which aliases may repeat.

    Attributes:
        value: The value.
        weight: Number of values that each repetition counts towards `MAX_VALUES`.
        height: Levels of mappings and lists inside it; 0 for a scalar.
    """

    value: Any
    weight: int
    height: int


@dataclass
class _OpenNode:
    """Mapping or list of a YAML document whose end has not been reached yet."""

    value: dict[str, Any] | list[Any]
    path: KeyPath
    anchor: str | None
    weight: int = 1
    height: int = 1
    key: str | None = None
    key_lines: dict[str, int] = field(default_factory=dict)
    merged: list[Any] = field(default_factory=list)


MERGE_KEY = "<<"
"""Key with which a mapping takes over all keys of another mapping that it does not have itself."""


class _DocumentBuilder:
    """Builder of a `YamlDocument` from the events of PyYAML's parser."""

    def __init__(self, document: YamlDocument) -> None:
        self.document = document
        self._open: list[_OpenNode] = []
        self._anchors: dict[str, _AnchoredValue | None] = {}
        self._weight = 0
        self._documents = 0

    def add_event(self, event: Any) -> None:
        """Add one event of PyYAML's parser to the document.

        Raises:
            UserError: The event exceeds a limit, or uses a feature of YAML that is not allowed.
        """
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
        if len(self._open) >= MAX_DEPTH:
            raise self._refusal(line, f"more than {MAX_DEPTH} mappings and lists within one another")
        if self._expects_key():
            raise self._refusal(line, "a key must be a plain text, not a mapping or list")
        self.document.locations.setdefault(path, Location(line))
        if event.anchor:
            self._anchors[event.anchor] = None
        self._weigh(1, line)
        self._open.append(_OpenNode({} if mapping else [], path, event.anchor))

    def _end(self, line: int) -> None:
        node = self._open.pop()
        if isinstance(node.value, dict):
            for other in node.merged:
                for key, value in other.items():
                    node.value.setdefault(key, value)
        if node.anchor:
            self._anchors[node.anchor] = _AnchoredValue(node.value, node.weight, node.height)
        self._add(node.value, node.weight, node.height, line)

    def _scalar(self, event: Any, line: int) -> None:
        self._tag_allowed(event, line, ("str",))
        plain = event.style is None or event.style == ""
        is_text = not plain or event.tag == STANDARD_TAG + "str"
        text: str = event.value
        if self._expects_key():
            self._key(text, is_text, line)
            return
        path = self._next_path(line)
        value: Any = text
        if any(ord(character) < 32 and character not in "\t\n\r" for character in text):
            self._wrong(line, path, "the text holds a control character; remove it")
            value = None
        elif not is_text:
            try:
                value = resolve(text)
            except ValueError as error:
                self._wrong(line, path, str(error))
                value = None
        self.document.locations[path] = Location(line, "" if is_text else text[:60])
        weight = 1 + len(text) // 100
        self._weigh(weight, line)
        if event.anchor:
            self._anchors[event.anchor] = _AnchoredValue(value, weight, 0)
        self._add(value, weight, 0, line)

    def _key(self, text: str, is_text: bool, line: int) -> None:
        frame = self._open[-1]
        try:
            value = text if is_text or text == MERGE_KEY else resolve(text)
        except ValueError:
            value = None
        if not isinstance(value, str):
            self._wrong(
                line,
                frame.path,
                f"the key {text[:40] or 'nothing'} is read as {_yaml_word(value)}; put it in quotes",
            )
        if len(text) > 1000 or any(ord(character) < 32 for character in text):
            self._wrong(
                line, frame.path, "a key is longer than 1,000 characters or holds a control character"
            )
        if text in frame.key_lines and text != MERGE_KEY:
            self._wrong(
                line,
                (*frame.path, text),
                f"the key {text[:60]!r} occurs twice, in line {frame.key_lines[text]} and line {line}; keep one of them",
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
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise self._refusal(line, f"the anchor &{event.anchor[:60]} holds itself")
        if len(self._open) + anchored.height > MAX_DEPTH:
            raise self._refusal(line, f"more than {MAX_DEPTH} mappings and lists within one another")
        self.document.locations.setdefault(self._next_path(line), Location(line))
        self._weigh(anchored.weight, line)
        self._add(anchored.value, anchored.weight, anchored.height, line)

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
        if key == MERGE_KEY:
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
        if self._weight > MAX_VALUES:
            raise self._refusal(line, f"more than {MAX_VALUES:,} values, counting what aliases repeat")

    def _expects_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key is None

    def _next_path(self, line: int) -> KeyPath:
        if not self._open:
            return ()
        frame = self._open[-1]
        step: str | int = len(frame.value) if isinstance(frame.value, list) else frame.key or ""
        if isinstance(step, str):
            # A duplicate key keeps its first location.
            self.document.locations.setdefault((*frame.path, step), Location(frame.key_lines.get(step, line)))
        return (*frame.path, step)

    def _tag_allowed(self, event: Any, line: int, names: tuple[str, ...]) -> None:
        if event.tag not in (None, "!", *(STANDARD_TAG + name for name in names)):
            raise self._refusal(
                line,
                f"the tag {event.tag[:80]} asks for an object; only mappings, lists, texts and numbers are read",
            )

    def _wrong(self, line: int, path: KeyPath, text: str) -> None:
        self.document.mistakes.append(Mistake(line, path, text))

    def _refusal(self, line: int, text: str) -> UserError:
        shown = self.document.line_text(line)
        return UserError(
            f"{self.document.name}: line {line}: {text}"
            + (f"\n    {line} | {shown}" if shown.strip() else "")
        )


def _yaml_word(value: object) -> str:
    names = {"True": "true", "False": "false", "None": "nothing"}
    return names.get(str(value), f"the number {value}")
