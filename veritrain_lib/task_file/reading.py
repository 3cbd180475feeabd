"""A task file is read once, and everything that is wrong in it is known at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task
from veritrain_lib.task_file.explaining import explained
from veritrain_lib.task_file.files import file_mistakes
from veritrain_lib.trust import door
from veritrain_lib.yaml_file.document import Document, Mistake
from veritrain_lib.yaml_file.read import read_yaml


@dataclass(frozen=True)
class Reading:
    """A task file that was read.

    Attributes:
        file: the task file, absolute.
        document: its content with the line of every value.
        mistakes: everything that is wrong in the file itself and in the files that it names.
        task: the task. When there are mistakes, what can be made of the file without the wrong values, so that more
            can be looked at; None when nothing can.
    """

    file: Path
    document: Document
    mistakes: tuple[Mistake, ...]
    task: Task | None


def read_task_file(path: str | Path) -> Reading:
    """Read a task file, or the `task.yaml` in a folder.

    Raises UserError for a file that is not there, can't be read, is no YAML, holds no mapping, or is larger, deeper or
    expands further than `yaml_file` allows, and Refused for one among the files of the record.
    """
    file = _found(path)
    door.own_file(file, f"the task file {file.name}")
    document = read_yaml(file)
    content = document.content
    if not isinstance(content, dict):
        raise UserError(f"{file.name} must hold keys and values, not {type(content).__name__}")
    mistakes = list(document.mistakes)
    try:
        task: Task | None = Task.model_validate(content)
    except ValidationError as error:
        mistakes += explained(error, document)
        task = _salvaged(content, error)
    if task is not None:
        task._path = file
        mistakes += [
            one for one in file_mistakes(task, document) if one.path not in {other.path for other in mistakes}
        ]
    return Reading(file, document, tuple(mistakes), task)


def _found(path: str | Path) -> Path:
    try:
        file = Path(path).expanduser().resolve()
        if file.is_dir():
            file = file / "task.yaml"
        there = file.is_file()
    except (OSError, ValueError, RuntimeError):
        there = False
    if not there:
        shown = str(path).replace("\0", "\\0")
        shown = shown if len(shown) <= 120 else shown[:119] + "…"
        raise UserError(f"no task file at {shown}. Write one with: veritrain new-task --from rows.csv")
    return file


def _salvaged(content: dict[str, Any], error: ValidationError) -> Task | None:
    """The task without its wrong values: those that may be left out are, for the sake of what else can be told."""
    left: dict[str, Any] = dict(content)
    for item in error.errors():
        path = item["loc"]
        if not path:
            return None
        left = _without(left, path)
    try:
        return Task.model_validate(left)
    except ValidationError:
        return None


def _without(value: Any, path: tuple[int | str, ...]) -> Any:
    step, *rest = path
    if isinstance(value, dict) and step in value:
        if not rest or not isinstance(value[step], dict):
            return {key: inner for key, inner in value.items() if key != step}
        return {**value, step: _without(value[step], tuple(rest))}
    return value
