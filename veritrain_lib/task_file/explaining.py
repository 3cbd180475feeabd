"""What pydantic found wrong in a task file, in words and with the line."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from veritrain_lib.core.task import Inconsistent, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

    from veritrain_lib.yaml_file.document import Document, Mistake, Path

SHOWN = 120
"""Characters of a wrong value that are shown."""

MOST_KEYS = 20


def explained(error: ValidationError, document: Document) -> Iterator[Mistake]:
    """Each mistake that pydantic found, with its line; but none where the document has told one already."""
    told = {one.path for one in document.mistakes}
    for item in error.errors():
        path = item["loc"]
        inconsistent = item.get("ctx", {}).get("error")
        if isinstance(inconsistent, Inconsistent):
            for way, text in inconsistent.found:
                yield document.mistake((*path, *way), text)
        elif not any(path[:length] in told for length in range(1, len(path) + 1)):
            yield document.mistake(_value_path(path, document), _text(item, path, document))


def _value_path(path: Path, document: Document) -> Path:
    # pydantic names a wrong key by one more step.
    return path[:-1] if path and path[-1] == "[key]" else path


def _text(item: ErrorDetails, path: Path, document: Document) -> str:
    if item["type"] == "extra_forbidden":
        allowed = _allowed_keys(path[:-1])
        near = difflib.get_close_matches(str(path[-1]), allowed, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        return f"unknown key{hint} Allowed here: {', '.join(allowed)}"
    if item["type"] == "missing":
        return "is required"
    given = json.dumps(item["input"], ensure_ascii=False, default=str)
    shown = given if len(given) <= SHOWN else given[: SHOWN - 1] + "…"
    return f"{item['msg']} (given: {shown}){_quote_hint(item, document.place(path).plain)}"


def _quote_hint(item: ErrorDetails, plain: str) -> str:
    """What to write where YAML reads a plain word as something else than a text."""
    if item["type"] != "string_type" or not plain or isinstance(item["input"], str):
        return ""
    meaning = {"True": "true", "False": "false", "None": "nothing"}.get(str(item["input"]), "a number")
    return f'; `{plain}` is read as {meaning}, so put it in quotes: "{plain}"'


def _allowed_keys(location: Path) -> list[str]:
    part: Any = Task
    for step in location:
        if not (isinstance(part, type) and issubclass(part, BaseModel)) or step not in part.model_fields:
            continue  # an index of a list or a key of a mapping: the part stays the one found so far
        for candidate in _parts_in(part.model_fields[str(step)].annotation):
            part = candidate
    return sorted(part.model_fields)


def _parts_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [part for argument in get_args(annotation) for part in _parts_in(argument)]
