"""Function that reads a task file and collects all mistakes in it and in the files that it names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task
from veritrain_lib.task_file.explaining import describe_errors
from veritrain_lib.task_file.files import file_mistakes
from veritrain_lib.trust import door
from veritrain_lib.yaml_file.document import Mistake, YamlDocument
from veritrain_lib.yaml_file.read import read_yaml


@dataclass(frozen=True)
class ParsedTaskFile:
    """Result of reading a task file: its content and its mistakes.

    Attributes:
        file: Absolute path of the task file.
        document: Its YAML content, with the line of every value.
        mistakes: All mistakes in the file itself and about the files that it names.
        task: The task. If there are mistakes, the task without the wrong values, so that more can be checked;
            None if that is impossible.
    """

    file: Path
    document: YamlDocument
    mistakes: tuple[Mistake, ...]
    task: Task | None


def read_task_file(path: str | Path) -> ParsedTaskFile:
    """Read a task file, or the `task.yaml` in a folder, and collect its mistakes.

    Returns:
        The content of the task file, and its mistakes.

    Raises:
        UserError: The file does not exist, can't be read, is not valid YAML, holds no mapping, or exceeds a
            limit of `yaml_file`.
        Refused: The file lies in `mlruns/`, where clients of the server can store files.
    """
    file = _resolve(path)
    door.require_local_file(file, f"the task file {file.name}")
    document = read_yaml(file)
    content = document.content
    if not isinstance(content, dict):
        raise UserError(f"{file.name} must hold keys and values, not {type(content).__name__}")
    mistakes = list(document.mistakes)
    try:
        task: Task | None = Task.model_validate(content)
    except ValidationError as error:
        mistakes += describe_errors(error, document)
        task = _partial_task(content, error)
    if task is not None:
        task._path = file
        mistakes += [
            mistake
            for mistake in file_mistakes(task, document)
            if mistake.path not in {other.path for other in mistakes}
        ]
    return ParsedTaskFile(file, document, tuple(mistakes), task)


def _resolve(path: str | Path) -> Path:
    try:
        file = Path(path).expanduser().resolve()
        if file.is_dir():
            file = file / "task.yaml"
        exists = file.is_file()
    except (OSError, ValueError, RuntimeError):
        exists = False
    if not exists:
        shown = str(path).replace("\0", "\\0")
        shown = shown if len(shown) <= 120 else shown[:119] + "…"
        raise UserError(f"no task file at {shown}. Write one with: veritrain new-task --from rows.csv")
    return file


def _partial_task(content: dict[str, Any], error: ValidationError) -> Task | None:
    """Return the task without the values that failed validation, so that other mistakes can be found.

    The result is None if the task is not valid without them, because a required value is wrong.
    """
    remaining: dict[str, Any] = dict(content)
    for item in error.errors():
        path = item["loc"]
        if not path:
            return None
        remaining = _without(remaining, path)
    try:
        return Task.model_validate(remaining)
    except ValidationError:
        return None


def _without(value: Any, path: tuple[int | str, ...]) -> Any:
    step, *rest = path
    if isinstance(value, dict) and step in value:
        if not rest or not isinstance(value[step], dict):
            return {key: inner for key, inner in value.items() if key != step}
        return {**value, step: _without(value[step], tuple(rest))}
    return value
