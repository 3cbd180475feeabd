"""Derived tasks: copies of a task file with other settings, for one experiment or for one cell of a sweep.

Each copy is a file in the project's state folder. The digests by which stages find finished work include the settings,
so work of a derived task is found again for equal settings, and is never mistaken for work of the original task.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.task import load_task
from veritrain_lib.task_file.files import derived_folder

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def with_trainer(task: Task, parameters: Mapping[str, Any]) -> Task:
    """Return a copy of a task with other trainer parameters, written to a task file of its own.

    Args:
        task: The original task.
        parameters: Trainer parameters, by name, that replace those of the task or are added to them.

    Returns:
        The derived task; `task` itself when no parameter differs.

    Raises:
        UserError: when the derived task is not valid.
    """
    merged = {**task.trainer.parameters, **parameters}
    if merged == task.trainer.parameters:
        return task
    content = content_of(task)
    content["trainer"]["parameters"] = merged
    return with_content(task, content)


def content_of(task: Task) -> dict[str, Any]:
    """Return the content of a task file as a new mapping, as YAML would hold it, with every default filled in."""
    return task.model_dump(mode="json", exclude_none=True)


def with_content(task: Task, content: Mapping[str, Any]) -> Task:
    """Return a task with other content, written to a task file of its own.

    Args:
        task: The original task.
        content: The full content of the new task file, in the form that `content_of` returns. File names are relative
            to the folder of the original task file.

    Returns:
        The derived task; `task` itself when the content is the same.

    Raises:
        UserError: when the derived task is not valid.
    """
    if content == content_of(task):
        return task
    return load_task(write_derived(task, content))


def write_derived(task: Task, content: Mapping[str, Any]) -> Path:
    """Write the file of a derived task (a copy of a task with other settings) unless it exists; return its path.

    The folder is named by the digest of the content. The content is not checked.

    Args:
        task: The original task; file names in the content are relative to its folder.
        content: The full content of the new task file.
    """
    import yaml

    absolute = _absolute(task.path.parent, content)
    file = _folder() / digest.of_json(absolute)[:16] / "task.yaml"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part")
        part.write_text(yaml.safe_dump(absolute, allow_unicode=True, sort_keys=False), encoding="utf-8")
        part.replace(file)
    return file


def is_derived(task: Task) -> bool:
    """Return whether a task is derived: a copy of another task with other settings, which `with_content` wrote."""
    return task.path.is_relative_to(_folder())


def _folder() -> Path:
    return derived_folder()


def _absolute(folder: Path, original: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a task file's content in which every file name is an absolute path.

    Args:
        folder: The folder that the file names are relative to.
        original: The content of the task file.
    """
    content = copy.deepcopy(dict(original))
    # Beside file names `data` holds `may_leave`, which is a list.
    content["data"] |= {
        kind: str((folder / name).resolve())
        for kind, name in content["data"].items()
        if isinstance(name, str)
    }
    content["gate_rules"] = [str((folder / name).resolve()) for name in content["gate_rules"]]
    if isinstance(content["gate"], str) and (folder / content["gate"]).is_file():
        content["gate"] = str((folder / content["gate"]).resolve())
    content["prompts"] = _with_absolute_paths(folder, content["prompts"])
    for choice in (content["trainer"], *content["metrics"]):
        if isinstance(choice.get("parameters"), dict):
            choice["parameters"] = _with_absolute_paths(folder, choice["parameters"])
        if isinstance(choice.get("file"), str):
            choice["file"] = str((folder / choice["file"]).resolve())
    return content


def _with_absolute_paths(folder: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a mapping in which values that name an existing file or folder are absolute paths.

    Args:
        folder: The folder that such names are relative to.
        values: The mapping; values that name nothing in the folder stay as they are.
    """
    return {
        name: str((folder / value).resolve()) if _is_existing_path(folder, value) else value
        for name, value in values.items()
    }


def _is_existing_path(folder: Path, value: Any) -> bool:
    if not isinstance(value, str) or not value or "\n" in value or len(value) > 255:
        return False
    return (folder / value).exists()
