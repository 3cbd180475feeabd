"""Queries for runs: by id, by the digest of their work, and by parent run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.tracking import manifest, sqlite_reader, store
from veritrain_lib.tracking.artifact_paths import local_folder
from veritrain_lib.tracking.entities import Run

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


class NoSuchRun(UserError):
    """The store has no run with this id."""


def search(
    task: Task, filter_string: str = "", *, limit: int = 50_000, newest_first: bool = True
) -> list[Run]:
    """Return runs of the task's experiment that match an MLflow filter, newest first by default."""
    experiment_id = store.experiment(task).experiment_id
    try:
        with sqlite_reader.open_reader(store.uri()) as reader:
            return reader.runs(experiment_id, filter_string, limit=limit, newest_first=newest_first)
    except sqlite_reader.UnsupportedRead:
        return _search_mlflow(experiment_id, filter_string, limit, newest_first)


def _search_mlflow(experiment_id: str, filter_string: str, limit: int, newest_first: bool) -> list[Run]:
    client = store.client()
    runs: list[Run] = []
    token: str | None = None
    order_by = [f"attributes.start_time {'DESC' if newest_first else 'ASC'}"]
    while True:
        page = client.search_runs(
            [experiment_id], filter_string, max_results=min(limit, 1000), order_by=order_by, page_token=token
        )
        runs.extend(Run.of(run) for run in page)
        token = page.token
        if not token or len(runs) >= limit:
            return runs[:limit]


def finished(task: Task, work: str) -> Run | None:
    """Return the newest finished run with this work digest whose files are complete, or None.

    Args:
        task: The task.
        work: Digest of inputs, parameters and code.
    """
    return next((run for run in all_finished(task, work) if not missing(run)), None)


def all_finished(task: Task, work: str) -> list[Run]:
    """Return every finished run with this work digest, newest first, even if files are missing."""
    return search(task, f"tags.`veritrain.digest` = '{work}' AND attributes.status = 'FINISHED'")


def missing(run: Run) -> list[str]:
    """Return the names of a run's stored files that are missing or changed.

    Empty when they are not on this machine.
    """
    folder = local_folder(run.info.artifact_uri)
    return manifest.missing(folder) if folder is not None else []


def get(run_id: str) -> Run:
    """Return a run by its id.

    Raises:
        NoSuchRun: There is no such run.
    """
    try:
        with sqlite_reader.open_reader(store.uri()) as reader:
            run = reader.run(run_id)
    except sqlite_reader.UnsupportedRead:
        run = None
    return run or _get_mlflow(run_id)


def _get_mlflow(run_id: str) -> Run:
    from mlflow.exceptions import MlflowException

    try:
        return Run.of(store.client().get_run(run_id))
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        raise NoSuchRun(
            f"there is no run {run_id!r} in the MLflow store; `veritrain status` and the MLflow UI show those that are there"
        ) from error


def deleted(task: Task, filter_string: str) -> list[Run]:
    """Return deleted runs of the task's experiment that match an MLflow filter, newest first."""
    from mlflow.entities import ViewType

    experiment_id = store.experiment(task).experiment_id
    order_by = ["attributes.start_time DESC"]
    runs = store.client().search_runs(
        [experiment_id], filter_string, ViewType.DELETED_ONLY, max_results=1000, order_by=order_by
    )
    return [Run.of(run) for run in runs]


def children(task: Task, parent: str) -> Sequence[Run]:
    """Return the child runs of a run, oldest first."""
    return search(task, f"tags.`mlflow.parentRunId` = '{parent}'", newest_first=False)
