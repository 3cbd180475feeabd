"""Look-up of runs in MLflow: by id, by a filter on their tags and status, and by parent run."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.tracking import sqlite_reader, store
from veritrain_lib.tracking.entities import Run

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


class NoSuchRun(UserError):
    """Error: the MLflow store has no run with this id."""


def search(
    task: Task, filter_string: str = "", *, limit: int = 50_000, newest_first: bool = True
) -> list[Run]:
    """Return the runs of a task's MLflow experiment that match a filter.

    Args:
        task: The task.
        filter_string: Filter in MLflow's search syntax; empty for all runs.
        limit: Maximum number of runs.
        newest_first: Whether the run that started last comes first.
    """
    return search_experiment(
        store.experiment(task).experiment_id, filter_string, limit=limit, newest_first=newest_first
    )


def search_experiment(
    experiment_id: str, filter_string: str = "", *, limit: int = 50_000, newest_first: bool = True
) -> list[Run]:
    """Return the runs of the MLflow experiment with this id that match a filter, like `search` for a task.

    Args:
        experiment_id: Id of the experiment.
        filter_string: Filter in MLflow's search syntax; empty for all runs.
        limit: Maximum number of runs.
        newest_first: Whether the run that started last comes first.
    """
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


def get(run_id: str) -> Run:
    """Return the run with this id from the MLflow store, even if it is deleted.

    Raises:
        NoSuchRun: There is no run with this id.
    """
    try:
        with sqlite_reader.open_reader(store.uri()) as reader:
            run = reader.run(run_id)
    except sqlite_reader.UnsupportedRead:
        run = None
    return run or _get_mlflow(run_id)


def get_all(run_ids: Sequence[str]) -> dict[str, Run]:
    """Return the runs with some ids that exist in the MLflow store, also deleted ones, by id."""
    try:
        with sqlite_reader.open_reader(store.uri()) as reader:
            return {run.info.run_id: run for run in reader.runs_by_id(list(dict.fromkeys(run_ids)))}
    except sqlite_reader.UnsupportedRead:
        pass
    found = {}
    for run_id in run_ids:
        with contextlib.suppress(NoSuchRun):
            found[run_id] = _get_mlflow(run_id)
    return found


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
    """Return the deleted runs of a task's experiment (at most 1,000) that match an MLflow filter, newest first."""
    from mlflow.entities import ViewType

    experiment_id = store.experiment(task).experiment_id
    order_by = ["attributes.start_time DESC"]
    runs = store.client().search_runs(
        [experiment_id], filter_string, ViewType.DELETED_ONLY, max_results=1000, order_by=order_by
    )
    return [Run.of(run) for run in runs]


def children(task: Task, parent: str) -> Sequence[Run]:
    """Return the child runs of a run, oldest first; the children of a round's run are the runs of its stages."""
    return search(task, f"tags.`mlflow.parentRunId` = '{parent}'", newest_first=False)
