"""Celery tasks that people call by name (`train_model.delay(...)`): each call is a job in the tracking store's database.

The job is stored before its message is sent, so a call survives a lost message, a broker that was restarted and a worker
that was killed. Its result is read from there too (`job_results.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from celery import Celery, Task
from celery.exceptions import Ignore, TaskRevokedError
from celery.result import AsyncResult

from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.execution.workers.job_results import outcome_of
from veritrain_lib.tracking.state import jobs
from veritrain_lib.tracking.state.jobs import QueuedJob

UNSUPPORTED = ("countdown", "eta", "expires", "link", "link_error", "queue", "routing_key", "exchange")
"""Options of `apply_async` that would change what a call means, and that a job does not have."""

log = logging.getLogger("veritrain.worker")


class CalledTask(Task):  # type: ignore[misc]  # celery has no types
    """Celery task of which each call is stored as a job in the database, and run by a worker.

    Attributes:
        prepare: Function that makes the job of a call from the call's arguments.
    """

    abstract = True
    prepare: Callable[..., QueuedJob]

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        task_id: str | None = None,
        **options: Any,
    ) -> AsyncResult:
        """Queue a call, and return its result to wait for with `.get()`.

        Args:
            args: Positional arguments.
            kwargs: Arguments by name.
            task_id: Id of the call; a new one by default.
            options: Other options of Celery; those that a job does not have (such as `countdown`) are refused.

        Raises:
            UserError: An argument names a dataset, model or run that MLflow does not have, or an option is not
                supported.
            Infrastructure: The tracking store is not in PostgreSQL, which workers need.
        """
        from veritrain_lib.execution.workers.watch import send_due

        refused = [name for name in UNSUPPORTED if options.get(name)]
        if refused:
            raise UserError(
                f"{self.name} does not support the option(s) {', '.join(refused)}; leave them out"
            )
        job = self.prepare(*(args or ()), **(kwargs or {}))
        if task_id:
            job = replace(job, id=task_id, message=task_id)
        jobs.submit(job)
        try:
            send_due()
        except Exception as error:  # noqa: BLE001  # Redis is away: workers send it when it is back
            log.warning("%s is stored and waits for Redis (%s)", job.name, type(error).__name__)
        return self.AsyncResult(job.id)

    def run(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Run the job of a called Celery task on this worker and return its result.

        Raises:
            UserError: The call failed; the error has the class that the call raised.
            TaskRevokedError: The call was stopped.
            Ignore: The call has not ended here; this or another worker will run it.
        """
        from veritrain_lib.execution.workers import slot

        job_id = self.request.id
        if job_id not in jobs.states([job_id]):
            self._submit_here(job_id, args, kwargs)
        try:
            slot.run(job_id)
        except Infrastructure as error:  # it waits in the database, which sends its message again
            log.warning("call %s was not taken: %s", job_id, error)
            raise Ignore from error
        return outcome_of(jobs.states([job_id])[job_id])

    def _submit_here(self, job_id: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Store the job of a call that somebody sent by its name alone, as `celery call` does."""
        job = replace(self.prepare(*args, **kwargs), id=job_id, message=job_id)
        jobs.submit(job)
        if job.queue != self.request.delivery_info.get("routing_key", job.queue):
            raise Ignore  # its message is sent to workers of its queue


def define(application: Celery, prepare: Callable[..., QueuedJob]) -> CalledTask:
    """Define and return a Celery task whose calls are stored as jobs.

    Args:
        application: The Celery application that the task is added to.
        prepare: Function that returns the job for the arguments of a call; the task gets its name.
    """
    task: CalledTask = application.task(
        CalledTask.run, name=prepare.__name__, base=CalledTask, bind=True, prepare=staticmethod(prepare),
        typing=False, throws=(UserError, TaskRevokedError),
    )  # fmt: skip
    return task
