"""Results of called Celery tasks, read from the table of jobs: the result backend that `.get()` of a task uses.

Nothing is stored here: the worker ends the job in the database, which is the only place that says how a call ended. So
`.get()` returns on every machine that has `DATABASE_URL`, also when the worker died right after the end.
"""

from __future__ import annotations

from typing import Any

from celery import states
from celery.backends.base import BaseBackend
from celery.exceptions import Ignore, TaskRevokedError

from veritrain_lib.core.errors import class_of
from veritrain_lib.tracking.state import database, jobs
from veritrain_lib.tracking.state.jobs import JobState

CELERY_STATES = {
    "queued": states.PENDING,
    "running": states.STARTED,
    "done": states.SUCCESS,
    "failed": states.FAILURE,
    "cancelled": states.REVOKED,
}
"""Celery's name for each status of a job."""


class JobResults(BaseBackend):  # type: ignore[misc]  # celery has no types
    """Celery result backend that reads the table of jobs."""

    def _get_task_meta_for(self, task_id: str) -> dict[str, Any]:
        database.require_shared("the result of a Celery task")
        state = jobs.states([task_id]).get(task_id)
        if state is None:
            return {"task_id": task_id, "status": states.PENDING, "result": None}
        result: Any = dict(state.result) if state.status == "done" else failure_of(state)
        return {"task_id": task_id, "status": CELERY_STATES[state.status], "result": result}

    def _store_result(self, task_id: str, result: Any, state: str, *_: Any, **__: Any) -> Any:
        return result

    def _forget(self, task_id: str) -> None:
        return

    def as_uri(self, include_password: bool = False) -> str:
        """Return the URL by which Celery shows this result backend to people; the argument has no effect."""
        return "veritrain-jobs://"


def failure_of(state: JobState) -> Exception | None:
    """Return the error of a called Celery task that failed or was stopped; None if it succeeded or has not ended.

    Args:
        state: State of the call's job.
    """
    if state.status == "cancelled":
        error: Exception = TaskRevokedError(f"{state.name}: {state.reason}")
        return error
    if state.status != "failed":
        return None
    return class_of(state.error)(state.failure(state.name))


def outcome_of(state: JobState) -> dict[str, Any]:
    """Return what a called Celery task gave back (see `loop.task_results`), from its job in the database.

    Raises:
        UserError: The call failed; the error has the class that the call raised.
        TaskRevokedError: The call was stopped.
        Ignore: The call has not ended; another worker has it, or will get it.
    """
    error = failure_of(state)
    if error is not None:
        raise error
    if state.status != "done":
        raise Ignore
    return dict(state.result)
