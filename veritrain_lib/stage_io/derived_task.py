"""A task with other parameters of its trainer, for one experiment: a file of its own, beside the record.

Everything that stages look up by digest counts the trainer's parameters, so what is done for a derived task is
found again for the same parameters, and is never taken for the task's own work.
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
    """The task with these parameters of its trainer in place of those it has; the task itself when none differs.

    Raises UserError when the task can't be written down so.
    """
    whole = {**task.trainer.parameters, **parameters}
    if whole == task.trainer.parameters:
        return task
    import yaml

    content = _absolute(task)
    content["trainer"]["parameters"] = _found(task.path.parent, whole)
    file = _folder() / digest.of_json(content)[:16] / "task.yaml"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
        part.replace(file)
    return load_task(file)


def is_derived(task: Task) -> bool:
    """Whether a task was written by `with_trainer`."""
    return task.path.is_relative_to(_folder())


def _folder() -> Path:
    return derived_folder()


def _absolute(task: Task) -> dict[str, Any]:
    """The task file's content with every file that it names by its absolute path."""
    folder = task.path.parent
    content = task.model_dump(mode="json", exclude_none=True)
    # Beside the names of files `data` says what may leave in their rows.
    content["data"] |= {
        kind: str((folder / name).resolve())
        for kind, name in content["data"].items()
        if isinstance(name, str)
    }
    content["gate_rules"] = [str((folder / name).resolve()) for name in task.gate_rules]
    if (folder / task.gate).is_file():
        content["gate"] = str((folder / task.gate).resolve())
    content["prompts"] = _found(folder, task.prompts)
    for metric in content["metrics"]:
        metric["parameters"] = _found(folder, metric["parameters"])
    return content


def _found(folder: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Values that name a file or folder beside the task file, absolute; others as they are."""
    return {
        name: str((folder / value).resolve()) if _names(folder, value) else value
        for name, value in given.items()
    }


def _names(folder: Path, value: Any) -> bool:
    if not isinstance(value, str) or not value or "\n" in value or len(value) > 255:
        return False
    return (folder / value).exists()
