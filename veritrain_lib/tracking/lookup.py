"""Runs found again: by their id, by what they did, by where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.errors import UserError
from veritrain_lib.tracking import glance, store
from veritrain_lib.tracking.entities import Run

if TYPE_CHECKING:
    from veritrain_lib.task import Task


class NoSuchRun(UserError):
    """The record has no run of this id."""


def search(task: Task, where: str = "", *, limit: int = 50_000, newest_first: bool = True) -> list[Run]:
    """Runs of the task's experiment that fit an MLflow filter, newest first."""
    place = store.experiment(task).experiment_id
    try:
        with glance.at(store.uri()) as seen:
            return seen.runs(place, where, limit=limit, newest_first=newest_first)
    except glance.CannotGlance:
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
    """The run that did this work (a digest of inputs, parameters and code) and ended well, or None."""
    found = search(task, f"tags.`veritrain.digest` = '{work}' AND attributes.status = 'FINISHED'", limit=1)
    return found[0] if found else None


def get(run_id: str) -> Run:
    """One run by id. Raises NoSuchRun when there is none."""
    try:
        with glance.at(store.uri()) as seen:
            found = seen.run(run_id)
    except glance.CannotGlance:
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


def children(task: Task, parent: str) -> Sequence[Run]:
    """The runs under a run, oldest first."""
    return search(task, f"tags.`mlflow.parentRunId` = '{parent}'", newest_first=False)
