"""Lookup of tasks in the record by name for serializers; a task file is read again only when it changes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import load_task
from veritrain_lib.stages.inputs.tasks import FILE_TAG
from veritrain_lib.tracking import store

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def lookup_task(name: str) -> Task | None:
    """Return the task that the record has under a name; None if there is none, or its file is missing or broken."""
    experiment = store.find_experiment(name) if name and "\0" not in name else None
    file = (
        Path(experiment.tags.get(FILE_TAG, ""))
        if experiment and experiment.lifecycle_stage == "active"
        else None
    )
    if file is None or not file.is_file():
        return None
    try:
        return _read(str(file), file.stat().st_mtime_ns)
    except (UserError, OSError):
        return None


@lru_cache(maxsize=64)
def _read(file: str, modified_ns: int) -> Task:
    return load_task(file)


def direction_of(task: Task | None, name: str) -> str:
    """Return the language direction such as `ja-en`, else the task's name. Never empty."""
    return fixed_direction(task) or name


def fixed_direction(task: Task | None) -> str | None:
    """Return the language direction that all rows of a task share; None if it has none or rows differ."""
    if task is None or task.target.direction:
        return None
    source = next((field.language for field in task.inputs.values() if field.language), None)
    if source and task.target.language and source != task.target.language:
        return f"{source}-{task.target.language}"
    return None
