"""Functions that find a task by its name, among the tasks in MLflow's tracking store and the built-in examples.

A task is the YAML file that says what a model is asked. Clients of the server name a task and never send a path. A task
file is read again only when it has changed.
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
    """Return the task of a name: the one in the tracking store, otherwise the built-in example of that name.

    Returns:
        The task; None if there is none, if its MLflow experiment is deleted, or if its file is missing or invalid.
    """
    if not name or "\0" in name:
        return None
    experiment = store.find_experiment(name)
    if experiment is None or FILE_TAG not in experiment.tags:
        return _read_task(str(project.example_task(name))) if name in project.EXAMPLES else None
    return task_of_experiment(experiment) if experiment.lifecycle_stage == "active" else None


def require_task(name: str, field: str = "body.task") -> Task:
    """Return the task of a name that a client sent.

    Args:
        name: Name of the task.
        field: Field of the request that held the name, for the error message.

    Raises:
        WrongField: There is no such task; the message lists the available ones.
    """
    tasks = {task.name: task for task in reversed(available_tasks())}
    if name not in tasks:
        raise WrongField(field, f"no task is called {name[:80]!r}; there are: {', '.join(sorted(tasks))}")
    return tasks[name]


def available_tasks() -> list[Task]:
    """Return every task whose file can be read: those in the tracking store, last used first, then the examples."""
    return list(tasks_by_experiment().values()) + [
        task for name in project.EXAMPLES if (task := _example_task(name)) is not None
    ]


def tasks_by_experiment() -> dict[str, Task]:
    """Return a dict from the id of an MLflow experiment to its task, the last used task first.

    Tasks whose file can't be read are left out.
    """
    tasks = {}
    for experiment in sorted(
        store.experiments(), key=lambda experiment: float(experiment.tags.get(USED_TAG, 0)), reverse=True
    ):
        task = task_of_experiment(experiment)
        if task is not None and task.name == experiment.name:
            tasks[experiment.experiment_id] = task
    return tasks


def task_of_run(run: Run) -> Task:
    """Return the task that an MLflow run belongs to.

    Raises:
        Conflict: The task's file is missing or invalid.
    """
    name = run.data.tags.get("veritrain.task", "")
    task = tasks_by_experiment().get(run.info.experiment_id)
    if task is None:
        raise Conflict(f"the file of task {name!r} can't be read any more; restore it")
    return task


def task_of_experiment(experiment: Experiment) -> Task | None:
    """Return the task of an MLflow experiment; None if it has no task file, or if the file is missing or invalid."""
    return _read_task(experiment.tags[FILE_TAG]) if experiment.tags.get(FILE_TAG) else None


def _example_task(name: str) -> Task | None:
    """Return the built-in example task of a name.

    Returns:
        None if the tracking store has a task of that name, or if the file can't be read.
    """
    experiment = store.find_experiment(name)
    return None if experiment and FILE_TAG in experiment.tags else _read_task(str(project.example_task(name)))


def _read_task(file: str) -> Task | None:
    """Return the task of a YAML file's path; None if the file is missing or invalid."""
    try:
        return _read_version(file, Path(file).stat().st_mtime_ns)
    except (OSError, UserError):
        return None


@lru_cache(maxsize=256)
def _read_version(file: str, modified_ns: int) -> Task:
    """Return the task of a YAML file, from a cache by the file's path and its modification time in nanoseconds."""
    from veritrain_lib.core.task import load_task

    return load_task(file)
