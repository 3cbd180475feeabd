"""Function that turns pydantic's validation errors of a task file into messages in words, with the line."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from veritrain_lib.core.task import InconsistentTask, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

    from veritrain_lib.yaml_file.document import KeyPath, Mistake, YamlDocument

MAX_SHOWN = 120
"""Maximum number of characters that a message shows of a wrong value."""

MAX_KEYS = 20


def describe_errors(error: ValidationError, document: YamlDocument) -> Iterator[Mistake]:
    """Yield each validation error of a task file as a mistake with its line.

    A value that has a mistake in the document already, such as a duplicate key, is skipped.

    Args:
        error: The error that pydantic raised.
        document: The YAML document of the task file.
    """
    reported = {mistake.path for mistake in document.mistakes}
    for item in error.errors():
        path = item["loc"]
        inconsistent = item.get("ctx", {}).get("error")
        if isinstance(inconsistent, InconsistentTask):
            for path_inside, text in inconsistent.problems:
                yield document.mistake((*path, *path_inside), text)
        elif not any(path[:length] in reported for length in range(1, len(path) + 1)):
            yield document.mistake(_value_path(path, document), _text(item, path, document))


def _value_path(path: KeyPath, document: YamlDocument) -> KeyPath:
    # pydantic adds one more step to the path of a wrong key.
    return path[:-1] if path and path[-1] == "[key]" else path


def _text(item: ErrorDetails, path: KeyPath, document: YamlDocument) -> str:
    if item["type"] == "extra_forbidden":
        allowed = _allowed_keys(path[:-1])
        matches = difflib.get_close_matches(str(path[-1]), allowed, n=1)
        hint = f"; did you mean {matches[0]!r}?" if matches else "."
        return f"unknown key{hint} Allowed here: {', '.join(allowed)}"
    if item["type"] == "missing":
        return "is required"
    value_json = json.dumps(item["input"], ensure_ascii=False, default=str)
    shown = value_json if len(value_json) <= MAX_SHOWN else value_json[: MAX_SHOWN - 1] + "…"
    return f"{item['msg']} (given: {shown}){_quote_hint(item, document.location(path).plain)}"


def _quote_hint(item: ErrorDetails, plain: str) -> str:
    """Return a hint to put a word in quotes if YAML reads it as a number, true, false or null instead of a text."""
    if item["type"] != "string_type" or not plain or isinstance(item["input"], str):
        return ""
    read_as = {"True": "true", "False": "false", "None": "nothing"}.get(str(item["input"]), "a number")
    return f'; `{plain}` is read as {read_as}, so put it in quotes: "{plain}"'


def _allowed_keys(location: KeyPath) -> list[str]:
    part: Any = Task
    for step in location:
        if not (isinstance(part, type) and issubclass(part, BaseModel)) or step not in part.model_fields:
            continue  # an index of a list or a key of a mapping: it does not change the section
        for candidate in _parts_in(part.model_fields[str(step)].annotation):
            part = candidate
    return sorted(part.model_fields)


def _parts_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [part for argument in get_args(annotation) for part in _parts_in(argument)]
