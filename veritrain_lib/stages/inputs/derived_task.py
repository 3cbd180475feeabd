"""Derived tasks: copies of a task file with other trainer parameters, for one experiment.

The file is written beside the record. The digests by which stages find finished work include the trainer's parameters,
so the work of a derived task is found again for the same parameters, and is never mistaken for that of the original
task.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.task import load_task
from veritrain_lib.task_file.files import derived_folder

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def with_trainer(task: Task, parameters: Mapping[str, Any]) -> Task:
    """Return the task with other trainer parameters, written to a file of its own.

    Args:
        task: The original task.
        parameters: Trainer parameters that replace or extend those of the task.

    Returns:
        The derived task; `task` itself when no parameter differs.

    Raises:
        UserError: when the derived task is not valid.
    """
    merged = {**task.trainer.parameters, **parameters}
    if merged == task.trainer.parameters:
        return task
    import yaml

    content = _absolute(task)
    content["trainer"]["parameters"] = _with_absolute_paths(task.path.parent, merged)
    file = _folder() / digest.of_json(content)[:16] / "task.yaml"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
        part.replace(file)
    return load_task(file)


def is_derived(task: Task) -> bool:
    """Return whether a task file was written by `with_trainer`."""
    return task.path.is_relative_to(_folder())


def _folder() -> Path:
    return derived_folder()


def _absolute(task: Task) -> dict[str, Any]:
    """Return the content of the task file, with absolute paths for every file that it names."""
    folder = task.path.parent
    content = task.model_dump(mode="json", exclude_none=True)
    # Beside file names `data` holds `may_leave`, which is a list.
    content["data"] |= {
        kind: str((folder / name).resolve())
        for kind, name in content["data"].items()
        if isinstance(name, str)
    }
    content["gate_rules"] = [str((folder / name).resolve()) for name in task.gate_rules]
    if (folder / task.gate).is_file():
        content["gate"] = str((folder / task.gate).resolve())
    content["prompts"] = _with_absolute_paths(folder, task.prompts)
    for metric in content["metrics"]:
        metric["parameters"] = _with_absolute_paths(folder, metric["parameters"])
    for choice in (content["trainer"], *content["metrics"]):
        if "file" in choice:
            choice["file"] = str((folder / choice["file"]).resolve())
    return content


def _with_absolute_paths(folder: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Make values absolute that name a file or folder beside the task file, and leave the others as they are."""
    return {
        name: str((folder / value).resolve()) if _is_existing_path(folder, value) else value
        for name, value in values.items()
    }


def _is_existing_path(folder: Path, value: Any) -> bool:
    if not isinstance(value, str) or not value or "\n" in value or len(value) > 255:
        return False
    return (folder / value).exists()
