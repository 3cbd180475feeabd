"""The tasks that the server knows: those that the record has worked on, then the built-in examples.

A client names a task; it never gives a path.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.server.api.problems import Conflict, WrongField
from veritrain_lib.stage_io.tasks import FILE_TAG, USED_TAG
from veritrain_lib.tracking import store

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.entities import Run


def known_tasks() -> list[Task]:
    """Every task whose file can be read, the last used first."""
    return list(tasks_by_experiment().values()) + [
        task for name in project.EXAMPLES if (task := _example(name)) is not None
    ]


def tasks_by_experiment() -> dict[str, Task]:
    """The tasks of the record by the id of their experiment, the last used first."""
    found = {}
    for one in sorted(store.experiments(), key=lambda one: float(one.tags.get(USED_TAG, 0)), reverse=True):
        task = _read(one.tags[FILE_TAG]) if FILE_TAG in one.tags else None
        if task is not None and task.name == one.name:
            found[one.experiment_id] = task
    return found


def task_named(name: str, field: str = "body.task") -> Task:
    """The task of a name. Raises WrongField with those there are."""
    tasks = {task.name: task for task in reversed(known_tasks())}
    if name not in tasks:
        raise WrongField(field, f"no task is called {name[:80]!r}; there are: {', '.join(sorted(tasks))}")
    return tasks[name]


def task_of(run: Run) -> Task:
    """The task whose record a run is in. Raises Conflict when its file is no longer there."""
    name = run.data.tags.get("veritrain.task", "")
    found = tasks_by_experiment().get(run.info.experiment_id)
    if found is None:
        raise Conflict(f"the file of task {name!r} can't be read any more; put it back where it was")
    return found


def _example(name: str) -> Task | None:
    known = store.find_experiment(name)
    return None if known and FILE_TAG in known.tags else _read(str(project.example_task(name)))


def _read(file: str) -> Task | None:
    try:
        stamp = Path(file).stat().st_mtime_ns
        return _read_at(file, stamp)
    except (OSError, UserError):
        return None


@lru_cache(maxsize=256)
def _read_at(file: str, stamp: int) -> Task:
    from veritrain_lib.core.task import load_task

    return load_task(file)
