"""Tasks of the record as the API needs them: by name, read once as long as their file stays the same."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import load_task
from veritrain_lib.stage_io.tasks import FILE_TAG
from veritrain_lib.tracking import store

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def known_task(name: str) -> Task | None:
    """The task that the record knows by a name; None when there is none, or its file is gone or broken."""
    found = store.find_experiment(name) if name and "\0" not in name else None
    file = Path(found.tags.get(FILE_TAG, "")) if found and found.lifecycle_stage == "active" else None
    if file is None or not file.is_file():
        return None
    try:
        return _read(str(file), file.stat().st_mtime_ns)
    except (UserError, OSError):
        return None


@lru_cache(maxsize=64)
def _read(file: str, changed: int) -> Task:
    return load_task(file)


def direction_of(task: Task | None, name: str) -> str:
    """`ja-en` where inputs and answers have languages of their own; else the task's name. Never empty."""
    return fixed_direction(task) or name


def fixed_direction(task: Task | None) -> str | None:
    """The direction that every row of a task has, None where it has none or rows differ."""
    if task is None or task.target.direction:
        return None
    source = next((one.language for one in task.inputs.values() if one.language), None)
    if source and task.target.language and source != task.target.language:
        return f"{source}-{task.target.language}"
    return None
