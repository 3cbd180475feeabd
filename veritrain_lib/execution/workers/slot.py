"""Execution of one job at a time by a worker: taken from the database, run in a host process, its end stored.

Even if the host process or this worker dies, the database says what became of the job: it is queued again for another
worker, or it has failed with a reason.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.execution.workers.host import ENDED, KILL_AFTER_S, Host
from veritrain_lib.llm.keys import setting
from veritrain_lib.tracking.state import jobs

BEAT_S = 2.0
"""Seconds between two heartbeats, and so the longest time until a cancelled job is interrupted."""

DEFAULT_GRACE_S = 600.0
"""Seconds that a worker which is told to stop waits for the end of its job before it gives the job back."""

RETRY_END_S = 600.0
"""Seconds for which storing the end of a job is tried again while the database can't be reached."""

log = logging.getLogger("veritrain.worker")


@dataclass(frozen=True)
class Limits:
    """Time and memory limits of a worker's jobs.

    Attributes:
        minutes: Maximum duration of a job in minutes; None for no limit.
        memory_mb: Maximum resident memory of a job's processes in MiB; None for no limit.
    """

    minutes: float | None
    memory_mb: float | None


def limits() -> Limits:
    """Return the limits of a worker's jobs from the settings `VERITRAIN_JOB_MINUTES` and `VERITRAIN_JOB_MEMORY_MB`.

    Raises:
        UserError: One of them is not a number above 0.
    """
    return Limits(_number("VERITRAIN_JOB_MINUTES"), _number("VERITRAIN_JOB_MEMORY_MB"))


def _number(name: str) -> float | None:
    value = setting(name)
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise UserError(f"{name} is {value!r}; a number above 0 is needed")
    return number


_thread = threading.local()
"""Storage for the host process of each thread (or of each process where Celery uses processes)."""

_stop_at: list[float] = []
"""Time at which a stopping worker gives its jobs back, in seconds of `time.monotonic`; empty if it is not stopping."""


def stop_after_grace() -> None:
    """Make this Celery worker give its jobs back after `VERITRAIN_WORKER_GRACE_S` seconds, so that others run them.

    Celery calls this when the worker is told to stop.

    Raises:
        UserError: The setting is not a number above 0.
    """
    grace = _number("VERITRAIN_WORKER_GRACE_S") or DEFAULT_GRACE_S
    _stop_at[:] = [time.monotonic() + grace]


def run(job_id: str) -> None:
    """Take a queued job for this worker and run it until it has ended; do nothing if the job can't be taken."""
    from veritrain_lib.execution.workers.app import worker_name

    taken = jobs.take(job_id, worker_name())
    if taken is None:
        return
    log.info("begins: %s (attempt %d)", taken.name, taken.attempt)
    _Execution(taken, limits()).run()


def _host_for(project_bundle: str) -> Host:
    host: Host | None = getattr(_thread, "host", None)
    if host is not None and (not host.is_running() or host.project_bundle != project_bundle):
        host.stop()
        host = None
    if host is None:
        host = _thread.host = Host(project_bundle)
    return host


class _Execution:
    """One attempt of this worker to run one job."""

    def __init__(self, taken: jobs.TakenJob, job_limits: Limits) -> None:
        self._taken, self._limits = taken, job_limits
        self._started = time.monotonic()
        self._progress: Mapping[str, Any] = {}
        self._interrupted_at: float | None = None
        self._stopping = False

    def run(self) -> None:
        try:
            host = _host_for(self._taken.payload["project"])
        except Exception as error:  # noqa: BLE001  # the job must not wait for its heartbeat to end
            reason = f"{type(error).__name__}: {error}"
            self._end(lambda: jobs.give_back(self._taken, f"it could not be started: {reason}"))
            return
        host.send({**self._taken.payload, "name": self._taken.name, "attempt": self._taken.attempt})
        next_beat = 0.0
        while True:
            message = self._next_message(host)
            if message is not None and "progress" not in message:
                self._ended(host, message)
                return
            if message is not None:
                self._progress = message["progress"]
                next_beat = 0.0  # whoever follows the job sees each cell as it begins
            if time.monotonic() >= next_beat:
                next_beat = time.monotonic() + BEAT_S
                if self._must_give_up(host):
                    return

    def _next_message(self, host: Host) -> Mapping[str, Any] | None:
        try:
            return host.messages.get(timeout=0.2)
        except queue.Empty:
            return None

    def _must_give_up(self, host: Host) -> bool:
        """Send a heartbeat for the job, and stop the job if it was cancelled, lost or exceeds a limit.

        Returns:
            Whether the execution is over; False if a message of the host process is still to come.
        """
        answer = self._beat()
        if answer == "lost":
            log.warning("lost to another worker: %s", self._taken.name)
            host.kill()
            return True
        if self._interrupted_at is not None:
            if time.monotonic() - self._interrupted_at > KILL_AFTER_S:
                host.kill()  # its end is the next message
            return False
        if _stop_at and time.monotonic() >= _stop_at[0]:
            self._stopping = True
        if answer == "cancel" or self._stopping:
            self._interrupted_at = time.monotonic()
            host.interrupt()
            return False
        over = self._over_a_limit(host)
        if over:
            host.kill()
            self._end(lambda: jobs.give_back(self._taken, over))
        return bool(over)

    def _beat(self) -> str:
        try:
            return jobs.beat(self._taken, self._progress)
        except Exception as error:  # noqa: BLE001  # the database is away: nobody can take the job meanwhile
            log.warning("the database does not answer: %s", type(error).__name__)
            return "kept"

    def _over_a_limit(self, host: Host) -> str:
        minutes = (time.monotonic() - self._started) / 60
        if self._limits.minutes is not None and minutes > self._limits.minutes:
            return f"it took more than {self._limits.minutes:g} minutes (VERITRAIN_JOB_MINUTES)"
        if self._limits.memory_mb is not None and host.memory_mb() > self._limits.memory_mb:
            return f"it took more than {self._limits.memory_mb:g} MB of memory (VERITRAIN_JOB_MEMORY_MB)"
        return ""

    def _ended(self, host: Host, message: Mapping[str, Any]) -> None:
        reason = str(message.get("reason", ""))
        status = message.get("status")
        log.info("ends: %s: %s %s", self._taken.name, status or "its process ended", reason)
        if self._stopping and status != "done":
            self._end(lambda: jobs.give_back(self._taken, "its worker was stopped", counts=False))
        elif message is ENDED or status == "retry":
            text = reason or f"its process ended with code {host.exit_code()}"
            cancelled = self._interrupted_at is not None
            self._end(
                lambda: (
                    jobs.finish(self._taken, "cancelled", text)
                    if cancelled
                    else jobs.give_back(self._taken, text)
                )
            )
        elif status in ("done", "failed", "cancelled"):
            error, result = str(message.get("error", "")), message.get("result")
            self._end(lambda: jobs.finish(self._taken, status, reason, error, result))

    def _end(self, store_end: Callable[[], None]) -> None:
        """Store the end of the job in the database; repeat it for up to `RETRY_END_S` if the database is unreachable.

        Args:
            store_end: Function that stores the end.
        """
        deadline = time.monotonic() + RETRY_END_S
        while True:
            try:
                store_end()
            except Infrastructure:  # it has waited for the database already
                if time.monotonic() > deadline:
                    raise
            else:
                return
