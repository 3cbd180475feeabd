"""Which task is meant: a file, a folder, the name of a task the record knows, or nothing at all."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib import project
from veritrain_lib.errors import UserError
from veritrain_lib.task import load_task
from veritrain_lib.tracking import store

if TYPE_CHECKING:
    from veritrain_lib.task import Task

FILE_TAG = "veritrain.task_file"

EXAMPLE = "support"
"""The name of the built-in example."""

USED_TAG = "veritrain.last_used"
"""When a task was last asked for, in seconds since 1970: MLflow itself only notes when it was made."""


def find_task(given: str = "") -> Task:
    """The task for what a user gave.

    A path (file or folder) is read; a name is looked up among the tasks that this project has worked on;
    nothing means the task that was worked on last, or the built-in example where there is none.

    Raises UserError when nothing fits.
    """
    if given and (Path(given).exists() or given.endswith((".yaml", ".yml")) or "/" in given):
        path = Path(given) if Path(given).exists() else project.root() / given
        return _remember(load_task(path))
    if given:
        known = _known(given)
        if known is None and given == EXAMPLE:
            return _remember(load_task(project.example_task()))
        if known is None:
            raise UserError(
                f"no task is called {given!r} here; give the path of its YAML file, "
                f"or {EXAMPLE!r} for the built-in example"
            )
        return _remember(known)
    return _last() or _remember(load_task(project.example_task()))


def _remember(task: Task) -> Task:
    place = store.experiment(task).experiment_id
    for tag, value in ((FILE_TAG, str(task.path)), (USED_TAG, f"{time.time():.6f}")):
        store.client().set_experiment_tag(place, tag, value)
    return task


def _known(name: str) -> Task | None:
    found = store.client().get_experiment_by_name(name)
    file = found.tags.get(FILE_TAG) if found else None
    return load_task(file) if file and Path(file).exists() else None


def _last() -> Task | None:
    found = store.client().search_experiments()
    for experiment in sorted(found, key=lambda one: float(one.tags.get(USED_TAG, 0)), reverse=True):
        file = experiment.tags.get(FILE_TAG)
        if file and Path(file).exists():
            return load_task(file)
    return None
