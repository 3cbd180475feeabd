"""Bundles of the files that other machines need to run a stage: the task's files, stage notebooks and gate suites.

Bundles are stored in the tracking store's database, once for equal content. A task that names a file outside its folder
is refused before anything is queued, since a worker could not find that file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import is_template
from veritrain_lib.loop.derived_bundle import DATA_KINDS, store_derived
from veritrain_lib.stages.inputs.derived_task import is_derived
from veritrain_lib.stages.inputs.tasks import FILE_TAG, task_by_name
from veritrain_lib.tracking import store
from veritrain_lib.tracking.state import database, files

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

TASK_FILE = "task.yaml"
"""Name that the task file has in its bundle."""

BUNDLE_TAG = "veritrain.bundle."
"""Prefix of tags of a task's MLflow experiment: digest of the newest bundle that was published, by its name in a job."""


def store_task(task: Task) -> str:
    """Store the task file and every file that it names, for Celery workers, and return the digest of the bundle.

    Args:
        task: The task.

    Raises:
        UserError: when the task names a file outside the task file's folder.
    """
    if is_derived(task):
        return store_derived(task, TASK_FILE)
    return files.store_bundle({TASK_FILE: task.path, **dict(_task_files(task))})


def store_project() -> str:
    """Store the project's stage notebooks and gate suites, for Celery workers, and return the bundle's digest."""
    found = {f"notebooks/{file.name}": file for file in sorted(project.notebooks().glob("*.ipynb"))}
    found |= {f"gates/{file.name}": file for file in sorted(project.gates().glob("*.json"))}
    return files.store_bundle(found)


def publish(task: Task) -> dict[str, str]:
    """Store the files of a task and of the project for workers, and note their digests in MLflow.

    A machine that knows the task's name but does not have its file finds them by that name, see `published`.

    Args:
        task: The task.

    Returns:
        The digests of the two bundles: `task` and `project`.

    Raises:
        UserError: The task names a file outside its folder.
    """
    bundles = {"task": store_task(task), "project": store_project()}
    if is_derived(task):
        return bundles  # it has the name of the task that it was made from
    experiment = store.experiment(task)
    for name, bundle in bundles.items():
        if experiment.tags.get(BUNDLE_TAG + name) != bundle:
            store.client().set_experiment_tag(experiment.experiment_id, BUNDLE_TAG + name, bundle)
    return bundles


def publish_if_shared(task: Task) -> None:
    """Store a task's files for workers if other machines use the same tracking store; otherwise do nothing.

    A task that workers can't run, because it names a file outside its folder, is skipped without an error.

    Args:
        task: The task.
    """
    if database.is_shared():
        with contextlib.suppress(UserError):
            publish(task)


def published(name: str) -> dict[str, str]:
    """Return the digests of the bundles of files that workers need for a task, given the task's name.

    If this machine has the task's file, its present content is stored and meant; otherwise what was stored last.

    Args:
        name: The task's name.

    Returns:
        The digests of the two bundles: `task` and `project`.

    Raises:
        UserError: The task names a file outside its folder; or its file is not on this machine and was never stored.
    """
    experiment = store.find_experiment(name)
    tags = experiment.tags if experiment else {}
    bundles = {kind: tags.get(BUNDLE_TAG + kind, "") for kind in ("task", "project")}
    is_here = Path(tags.get(FILE_TAG, "")).is_file()
    task = task_by_name(name) if is_here or not all(bundles.values()) else None
    if task is not None:
        return publish(task)
    if not all(bundles.values()):
        raise UserError(
            f"workers can't do task {name!r}: its files are neither on this machine nor in the shared database. Start a "
            "stage, loop or experiment of it once on the machine that has its task file (docs/machines.md)"
        )
    return bundles


def _task_files(task: Task) -> Iterator[tuple[str, Path]]:
    folder = task.path.parent
    names = [name for kind in DATA_KINDS if (name := getattr(task.data, kind)) is not None]
    names += [name for _, name in task.code_files]
    names += [value for value in task.prompts.values() if value and not is_template(value)]
    names += [task.gate] if task.gate.endswith(".json") else []
    for parameters in (task.trainer.parameters, *(metric.parameters for metric in task.metrics)):
        names += list(_named_files(folder, parameters))
    for name in dict.fromkeys(names):
        file = (folder / name).resolve()
        if not file.is_relative_to(folder.resolve()) or Path(name).is_absolute():
            raise UserError(
                f"task {task.name} names a file outside its folder, which a worker could not find: {name}. Copy it "
                f"beside {task.path.name}, and name it there"
            )
        if file.is_file():  # the file of labels need not be there yet
            yield (folder / name).relative_to(folder).as_posix(), file


def _named_files(folder: Path, parameters: Mapping[str, Any]) -> Iterator[str]:
    """Yield the values of parameters that name a file in the task file's folder.

    Args:
        folder: The folder of the task file.
        parameters: The parameters of a trainer or a metric.
    """
    for value in parameters.values():
        if (
            isinstance(value, str)
            and value
            and "\n" not in value
            and len(value) < 256
            and (folder / value).is_file()
        ):
            yield value
