"""Lookup of a task by its file, its folder or its name; without any, the task that was worked on last.

Open this to see how a name is resolved, and what is remembered of a task in MLflow.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import load_task
from veritrain_lib.stages.inputs.derived_task import is_derived
from veritrain_lib.tracking import store

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.entities import Experiment

FILE_TAG = "veritrain.task_file"

USED_TAG = "veritrain.last_used"
"""Tag: when a task was last used, in seconds since 1970. MLflow itself only stores when the experiment was made."""


def find_task(name_or_path: str = "", *, check: bool = False) -> Task:
    """Find the task that a user named, and remember it as the last one used.

    Args:
        name_or_path: The path of a task file or its folder; or a name, which is looked up among the tasks that this
            project has worked on and the built-in examples. Empty: the task that was worked on last, or the first
            built-in example where there is none.
        check: Whether to check that the task can be worked on, as `veritrain check` does.

    Raises:
        UserError: when there is no such task, and for a task file with mistakes.
    """
    if check:
        from veritrain_lib.task_check.check import load_checked

        return remember(load_checked(task_file_of(name_or_path)))
    return remember(load_task(task_file_of(name_or_path)))


def task_file_of(name_or_path: str = "") -> Path:
    """Return the task file that `find_task` reads; if it was given as a path, the file need not exist.

    Raises:
        UserError: when no task has the name.
    """
    if name_or_path and (
        _exists(name_or_path) or name_or_path.endswith((".yaml", ".yml")) or "/" in name_or_path
    ):
        return Path(name_or_path) if _exists(name_or_path) else project.root() / name_or_path
    if name_or_path:
        file = _file_of(name_or_path)
        if file is None and name_or_path in project.EXAMPLES:
            return project.example_task(name_or_path)
        if file is None:
            raise UserError(
                f"no task is called {name_or_path[:120]!r} here; give the path of its YAML file, "
                f"or a built-in example: {', '.join(map(repr, project.EXAMPLES))}"
            )
        return file
    return _last_used() or project.example_task()


def _exists(name_or_path: str) -> bool:
    try:
        return Path(name_or_path).exists()
    except (OSError, ValueError):  # a name that is too long, or no name
        return False


def task_by_name(name: str) -> Task | None:
    """Return the task of a name, as `find_task` finds it, without remembering it as used.

    Returns:
        The task; None when this project has no such task, or its file is missing or broken.
    """
    try:
        file = _file_of(name) or (project.example_task(name) if name in project.EXAMPLES else None)
        return load_task(file) if file else None
    except UserError:
        return None


def remember(task: Task) -> Task:
    """Store in MLflow where the task's file is and that it is used now, and return the task."""
    if is_derived(task):
        return task  # for one experiment only: the name still means the original task file
    experiment = store.experiment(task)
    newest = max(_last_used_at(other) for other in store.experiments())
    # Written only when something changes: using the same task again only reads.
    if experiment.tags.get(FILE_TAG) != str(task.path) or _last_used_at(experiment) < newest or not newest:
        for tag, value in ((FILE_TAG, str(task.path)), (USED_TAG, f"{time.time():.6f}")):
            store.client().set_experiment_tag(experiment.experiment_id, tag, value)
    return task


def _last_used_at(experiment: Experiment) -> float:
    return float(experiment.tags.get(USED_TAG, 0))


def _file_of(name: str) -> Path | None:
    experiment = store.find_experiment(name)
    file = experiment.tags.get(FILE_TAG) if experiment else None
    return Path(file) if file and Path(file).exists() else None


def _last_used() -> Path | None:
    for experiment in sorted(store.experiments(), key=_last_used_at, reverse=True):
        file = experiment.tags.get(FILE_TAG)
        if file and Path(file).exists():
            return Path(file)
    return None
