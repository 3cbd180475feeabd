"""Tasks that the server can work on: those in the record, then the built-in examples.

A client refers to a task by name; it never sends a path. Open this to see how the server finds a task. A task file is
read again only when it changes.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.server.http.problems import Conflict, WrongField
from veritrain_lib.stages.inputs.tasks import FILE_TAG, USED_TAG
from veritrain_lib.tracking import store

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.entities import Experiment, Run


def find_task(name: str) -> Task | None:
    """Return the task of a name: that of the record, else the built-in example.

    Returns:
        The task; None if there is none, or if the file that the record names is missing or broken.
    """
    if not name or "\0" in name:
        return None
    experiment = store.find_experiment(name)
    if experiment is None or FILE_TAG not in experiment.tags:
        return _read_task(str(project.example_task(name))) if name in project.EXAMPLES else None
    return task_of_experiment(experiment) if experiment.lifecycle_stage == "active" else None


def require_task(name: str, field: str = "body.task") -> Task:
    """Return the task of a name. Raises WrongField with the names of the available tasks."""
    tasks = {task.name: task for task in reversed(available_tasks())}
    if name not in tasks:
        raise WrongField(field, f"no task is called {name[:80]!r}; there are: {', '.join(sorted(tasks))}")
    return tasks[name]


def available_tasks() -> list[Task]:
    """Return every task whose file can be read, the last used first."""
    return list(tasks_by_experiment().values()) + [
        task for name in project.EXAMPLES if (task := _example_task(name)) is not None
    ]


def tasks_by_experiment() -> dict[str, Task]:
    """Return the tasks of the record by the id of their experiment, the last used first."""
    tasks = {}
    for experiment in sorted(
        store.experiments(), key=lambda experiment: float(experiment.tags.get(USED_TAG, 0)), reverse=True
    ):
        task = task_of_experiment(experiment)
        if task is not None and task.name == experiment.name:
            tasks[experiment.experiment_id] = task
    return tasks


def task_of_run(run: Run) -> Task:
    """Return the task that a run belongs to. Raises Conflict if its file no longer exists."""
    name = run.data.tags.get("veritrain.task", "")
    task = tasks_by_experiment().get(run.info.experiment_id)
    if task is None:
        raise Conflict(f"the file of task {name!r} can't be read any more; restore it")
    return task


def task_of_experiment(experiment: Experiment) -> Task | None:
    """Return the task of an MLflow experiment; None if its file is missing, broken or not known."""
    return _read_task(experiment.tags[FILE_TAG]) if experiment.tags.get(FILE_TAG) else None


def _example_task(name: str) -> Task | None:
    experiment = store.find_experiment(name)
    return None if experiment and FILE_TAG in experiment.tags else _read_task(str(project.example_task(name)))


def _read_task(file: str) -> Task | None:
    try:
        return _read_version(file, Path(file).stat().st_mtime_ns)
    except (OSError, UserError):
        return None


@lru_cache(maxsize=256)
def _read_version(file: str, modified_ns: int) -> Task:
    from veritrain_lib.core.task import load_task

    return load_task(file)
