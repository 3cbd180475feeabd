"""Detection of missing or changed files of runs, and search for finished work whose files are complete.

Open this to see when work is done again because some of its results were lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.tracking import lookup, manifest, stored_rows
from veritrain_lib.tracking.artifact_paths import local_folder
from veritrain_lib.tracking.part_runs import FOLDER

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.entities import Run

VERSION_TAG = "veritrain.dataset.version"
"""Tag of a run that made a dataset: the version number of the dataset."""


@dataclass(frozen=True)
class MissingFile:
    """Artifact of a run that is missing or was changed.

    Attributes:
        name: Artifact path of the file.
        run_id: Id of the run that stored it.
    """

    name: str
    run_id: str


def missing_files(run: Run) -> list[MissingFile]:
    """Return the files that a run stored or refers to and that are now missing or changed.

    A dataset's run refers to files of other runs that hold some of its rows. The list is empty when the run's files are
    not on this machine, since they can't be checked then.
    """
    folder = local_folder(run.info.artifact_uri)
    if folder is None:
        return []
    files = [MissingFile(name, run.info.run_id) for name in manifest.missing(folder)]
    is_dataset = folder.is_dir() and VERSION_TAG in run.data.tags
    if is_dataset and not any(file.name.startswith(f"{FOLDER}/") for file in files):
        lost = stored_rows.lost(run)
        if lost is not None:
            files.append(MissingFile(lost.name, lost.run_id))
    return files


def missing(run: Run) -> list[str]:
    """Return the names of a run's missing or changed files, as in `missing_files`, for people.

    The name of a file that another run stored ends with that run's id.
    """
    return [
        file.name if file.run_id == run.info.run_id else f"{file.name} of run {file.run_id}"
        for file in missing_files(run)
    ]


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
