"""Detection of missing or changed files of runs, and search for finished work whose files are complete.

Open this to see when work is done again because some of its results were lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.tracking import lookup, manifest, stored_rows
from veritrain_lib.tracking.artifact_paths import local_folder
from veritrain_lib.tracking.part_runs import FOLDER

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.entities import Run

VERSION_TAG = "veritrain.dataset.version"
"""Tag of a run that made a dataset: the version number of the dataset."""


def missing(run: Run) -> list[str]:
    """Return the names of the files that a run stored or refers to and that are now missing or changed.

    A dataset's run refers to files of other runs that hold some of its rows; such a name ends with the other run's id.
    The list is empty when the run's files are not on this machine, since they can't be checked then.
    """
    folder = local_folder(run.info.artifact_uri)
    names = manifest.missing(folder) if folder is not None else []
    is_checkable = folder is not None and folder.is_dir() and VERSION_TAG in run.data.tags
    if is_checkable and not any(name.startswith(f"{FOLDER}/") for name in names):
        lost = stored_rows.lost(run)
        if lost is not None:
            names.append(lost.name if lost.run_id == run.info.run_id else f"{lost.name} of run {lost.run_id}")
    return names


def finished(task: Task, work: str) -> Run | None:
    """Return the newest finished run that did the same work and whose files are complete; None without one.

    Args:
        task: The task.
        work: Digest of the work: its inputs, parameters and code.
    """
    return next((run for run in all_finished(task, work) if not missing(run)), None)


def all_finished(task: Task, work: str) -> list[Run]:
    """Return every finished run with a work digest, newest first, including runs whose files are missing."""
    return lookup.search(task, f"tags.`veritrain.digest` = '{work}' AND attributes.status = 'FINISHED'")
