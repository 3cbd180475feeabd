"""Runner that gives notebook jobs to Celery workers on any machine that shares the tracking store."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.tracking.state import database, jobs
from veritrain_lib.tracking.state.jobs import JobState, QueuedJob

POLL_S = 0.1
"""Seconds between two queries for the states of the jobs that are waited for."""

SEND_S = 5.0
"""Seconds between two checks for queued jobs whose Celery message must be sent again."""

ENDED = ("done", "failed", "cancelled")
"""Statuses of jobs that have ended."""

log = logging.getLogger("veritrain")


class RemoteRunner:
    """Runner that gives notebook jobs to Celery workers and waits for them."""

    def __init__(self) -> None:
        """Check that the settings for workers are complete.

        Raises:
            Infrastructure: The tracking store's database is not PostgreSQL, or `REDIS_URL` is not set.
        """
        from veritrain_lib.execution.workers.app import broker_url

        database.require_shared("the runner celery")
        broker_url()
        self._send_at = 0.0
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Have every `run`, in whatever thread, cancel its jobs and end as if its process had been interrupted."""
        self._stopped.set()

    def finish(self) -> None:
        """Do nothing, because workers finish their background tasks themselves."""

    def run(
        self, requested: Sequence[QueuedJob], *, on_change: Callable[[JobState], None] | None = None
    ) -> dict[str, JobState]:
        """Submit notebook jobs to workers, and wait until all have ended.

        A job that somebody has already submitted, and that has not ended, is only waited for.

        Args:
            requested: The jobs.
            on_change: Called with the state of a job whenever it has changed.

        Returns:
            The final state of each job by its id.

        Raises:
            KeyboardInterrupt: This process was interrupted, or `stop` was called; the jobs are cancelled.
        """
        ids = [job.id for job in requested]
        last: dict[str, JobState] = {}
        for job in requested:
            jobs.submit(job)
        self._send_at = 0.0
        try:
            while any(job_id not in last or last[job_id].status not in ENDED for job_id in ids):
                if self._stopped.is_set():
                    raise KeyboardInterrupt
                self._send_due()
                for job_id, state in self._states(ids).items():
                    if last.get(job_id) != state:
                        last[job_id] = state
                        if on_change is not None:
                            on_change(state)
                time.sleep(POLL_S)
        except KeyboardInterrupt:
            jobs.cancel(ids)
            raise
        return last

    def _states(self, ids: Sequence[str]) -> dict[str, JobState]:
        try:
            return jobs.states(ids)
        except Infrastructure as error:
            log.warning("the jobs go on, but can't be looked at; it is tried again: %s", error)
            return {}

    def _send_due(self) -> None:
        """Send the Celery messages of queued jobs that need one, at most every `SEND_S` seconds; workers do so too."""
        from veritrain_lib.execution.workers.watch import send_due

        if time.monotonic() < self._send_at:
            return
        self._send_at = time.monotonic() + SEND_S
        try:
            send_due()
        except Exception as error:  # noqa: BLE001  # database or Redis is away: it is tried again
            log.warning("jobs can't be sent to workers now (%s); it is tried again", type(error).__name__)
