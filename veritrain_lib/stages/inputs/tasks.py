"""Look-up of a task by its file, its folder or its name; if nothing is named, the task that was used last.

Open this to see how a name is resolved, and what MLflow stores about a task for that.
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
"""MLflow experiment tag with the time at which a task was last used, in seconds since 1970.

MLflow itself stores only the time at which the experiment was created.
"""


def find_task(name_or_path: str = "", *, check: bool = False) -> Task:
    """Return the task that a user named, and remember it as the task used last.

    Args:
        name_or_path: The path of a task file or of its folder; or a name, which is looked up among the tasks of this
            project and the built-in examples. Empty means the task that was used last, or the first built-in example if
            none was used yet.
        check: Whether to make the checks of `veritrain check` too.

    Raises:
        UserError: when there is no such task, or its task file has mistakes.
    """
    if check:
        from veritrain_lib.task_check.check import load_checked

        return remember(load_checked(task_file_of(name_or_path)))
    return remember(load_task(task_file_of(name_or_path)))


def task_file_of(name_or_path: str = "") -> Path:
    """Return the path of the task file that `find_task` reads. A file that was given as a path need not exist.

    Args:
        name_or_path: A path or a name, as for `find_task`.

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
    """Return the task with a name; in contrast to `find_task`, do not remember it as the task used last.

    Returns:
        The task; None when this project has no such task, or its file is missing or has mistakes.
    """
    try:
        file = _file_of(name) or (project.example_task(name) if name in project.EXAMPLES else None)
        return load_task(file) if file else None
    except UserError:
        return None


def remember(task: Task) -> Task:
    """Store a task's file path and the time of its use in MLflow, so that its name finds it later, and return the task.

    Nothing is stored for a derived task (a copy with other settings), so that the name keeps meaning the original file.
    """
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
