"""Which task is meant: a file, a folder, the name of a task the record knows, or nothing at all."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import load_task
from veritrain_lib.stage_io.derived_task import is_derived
from veritrain_lib.tracking import store

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.entities import Experiment

FILE_TAG = "veritrain.task_file"

USED_TAG = "veritrain.last_used"
"""When a task was last asked for, in seconds since 1970: MLflow itself only notes when it was made."""


def find_task(given: str = "", *, check: bool = False) -> Task:
    """The task for what a user gave.

    A path (file or folder) is read; a name is looked up among the tasks that this project has worked on;
    nothing means the task that was worked on last, or the first built-in example where there is none. With `check` it
    is one that can be worked on, as `veritrain check` says.

    Raises UserError when nothing fits, and for a task file with mistakes.
    """
    if check:
        from veritrain_lib.task_check.check import load_checked

        return remember(load_checked(task_file_of(given)))
    return remember(load_task(task_file_of(given)))


def task_file_of(given: str = "") -> Path:
    """The task file that `find_task` reads; a path that was given need not be there. Raises UserError as it does."""
    if given and (_exists(given) or given.endswith((".yaml", ".yml")) or "/" in given):
        return Path(given) if _exists(given) else project.root() / given
    if given:
        known = _known(given)
        if known is None and given in project.EXAMPLES:
            return project.example_task(given)
        if known is None:
            raise UserError(
                f"no task is called {given[:120]!r} here; give the path of its YAML file, "
                f"or a built-in example: {', '.join(map(repr, project.EXAMPLES))}"
            )
        return known
    return _last() or project.example_task()


def _exists(given: str) -> bool:
    try:
        return Path(given).exists()
    except (OSError, ValueError):  # a name that is too long, or no name
        return False


def known_task(name: str) -> Task | None:
    """The task of that name, as `find_task` finds it, for a look: it is not noted as worked on.

    None when this project knows no such task or its file is gone or broken.
    """
    try:
        known = _known(name) or (project.example_task(name) if name in project.EXAMPLES else None)
        return load_task(known) if known else None
    except UserError:
        return None


def remember(task: Task) -> Task:
    """Note in the record where the task's file is and that it was asked for now; gives it back."""
    if is_derived(task):
        return task  # of one experiment: the task's own file stays the one that a name means
    here = store.experiment(task)
    newest = max(_used(one) for one in store.experiments())
    # Written only when it changes something: a look at the task in hand reads and nothing more.
    if here.tags.get(FILE_TAG) != str(task.path) or _used(here) < newest or not newest:
        for tag, value in ((FILE_TAG, str(task.path)), (USED_TAG, f"{time.time():.6f}")):
            store.client().set_experiment_tag(here.experiment_id, tag, value)
    return task


def _used(experiment: Experiment) -> float:
    return float(experiment.tags.get(USED_TAG, 0))


def _known(name: str) -> Path | None:
    found = store.find_experiment(name)
    file = found.tags.get(FILE_TAG) if found else None
    return Path(file) if file and Path(file).exists() else None


def _last() -> Path | None:
    for experiment in sorted(store.experiments(), key=_used, reverse=True):
        file = experiment.tags.get(FILE_TAG)
        if file and Path(file).exists():
            return Path(file)
    return None
