"""Runs found again: by their id, by what they did, by where they belong."""

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
    """The record has no run of this id."""


def search(task: Task, where: str = "", *, limit: int = 50_000, newest_first: bool = True) -> list[Run]:
    """Runs of the task's experiment that fit an MLflow filter, newest first."""
    place = store.experiment(task).experiment_id
    try:
        with sqlite_reader.at(store.uri()) as seen:
            return seen.runs(place, where, limit=limit, newest_first=newest_first)
    except sqlite_reader.CannotGlance:
        return _ask(place, where, limit, newest_first)


def _ask(place: str, where: str, limit: int, newest_first: bool) -> list[Run]:
    talk = store.client()
    found: list[Run] = []
    token: str | None = None
    order = [f"attributes.start_time {'DESC' if newest_first else 'ASC'}"]
    while True:
        page = talk.search_runs(
            [place], where, max_results=min(limit, 1000), order_by=order, page_token=token
        )
        found.extend(Run.of(one) for one in page)
        token = page.token
        if not token or len(found) >= limit:
            return found[:limit]


def finished(task: Task, work: str) -> Run | None:
    """The run that did this work (a digest of inputs, parameters and code), ended well and is whole, or None."""
    return next((run for run in all_finished(task, work) if not missing(run)), None)


def all_finished(task: Task, work: str) -> list[Run]:
    """Every run that did this work and ended well, newest first, whatever has become of its files."""
    return search(task, f"tags.`veritrain.digest` = '{work}' AND attributes.status = 'FINISHED'")


def missing(run: Run) -> list[str]:
    """Which of the files that a stage's run stored are gone or cut, by name; none where they are not on this machine."""
    folder = local_folder(run.info.artifact_uri)
    return manifest.missing(folder) if folder is not None else []


def get(run_id: str) -> Run:
    """One run by id. Raises NoSuchRun when there is none."""
    try:
        with sqlite_reader.at(store.uri()) as seen:
            found = seen.run(run_id)
    except sqlite_reader.CannotGlance:
        found = None
    return found or _get(run_id)


def _get(run_id: str) -> Run:
    from mlflow.exceptions import MlflowException

    try:
        return Run.of(store.client().get_run(run_id))
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        raise NoSuchRun(
            f"there is no run {run_id!r} in the record; `veritrain status` and the MLflow UI show those that are there"
        ) from error


def deleted(task: Task, where: str) -> list[Run]:
    """Runs of the task's experiment that lie in MLflow's trash and fit an MLflow filter, newest first."""
    from mlflow.entities import ViewType

    place = store.experiment(task).experiment_id
    order = ["attributes.start_time DESC"]
    found = store.client().search_runs(
        [place], where, ViewType.DELETED_ONLY, max_results=1000, order_by=order
    )
    return [Run.of(one) for one in found]


def children(task: Task, parent: str) -> Sequence[Run]:
    """The runs under a run, oldest first."""
    return search(task, f"tags.`mlflow.parentRunId` = '{parent}'", newest_first=False)
