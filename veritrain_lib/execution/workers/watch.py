"""Thread of a worker that sends Celery messages of waiting jobs again, and ends a worker that receives none any more.

Such a worker is called deaf: a job has waited in its queues for a minute although the worker is idle. Its connection to
Redis seems to work but delivers nothing, as after a reset. Its supervisor then starts it again.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence

from veritrain_lib.tracking.state import jobs, workers

REAP_S = 5.0
"""Seconds between two checks of the table of jobs."""

DEAF_S = 60.0
"""Seconds that a job may wait for an idle worker before the worker counts as deaf, that is as receiving no messages."""

DEAF_EXIT_CODE = 75
"""Exit code of a worker that ended itself in order to be started again (EX_TEMPFAIL of sysexits.h)."""

log = logging.getLogger("veritrain.worker")


def start(queues: Sequence[str]) -> None:
    """Start this worker's thread that sends Celery messages of waiting jobs again and ends the worker if it gets none.

    Args:
        queues: Names of the queues that the worker takes jobs from.
    """
    threading.Thread(target=_watch, args=(list(queues),), name="veritrain watch", daemon=True).start()


def _watch(queues: list[str]) -> None:
    from veritrain_lib.execution.workers.app import worker_name

    idle_since, name = time.monotonic(), worker_name()
    while True:
        time.sleep(REAP_S)
        if _is_busy():
            idle_since = time.monotonic()
        try:
            workers.beat(name, queues)
            send_due()
            waiting = jobs.waiting_s(queues)
        except Exception as error:  # noqa: BLE001  # database or Redis is away: the next look tries again
            log.warning("jobs can't be looked at: %s", type(error).__name__)
            continue
        if is_deaf(waiting, time.monotonic() - idle_since):
            log.error(
                "a job has been waiting for %.0f s and does not reach this worker; it starts anew", waiting
            )
            os._exit(DEAF_EXIT_CODE)


def _is_busy() -> bool:
    """Return whether the Celery worker is running a task, in whatever kind of pool."""
    from celery.worker import state

    return bool(state.active_requests)


def is_deaf(waiting_s: float, idle_s: float) -> bool:
    """Return whether a worker is deaf: connected to Redis but no longer receiving messages.

    Args:
        waiting_s: Seconds for which the oldest job of its queues has waited; 0 when none waits.
        idle_s: Seconds for which the worker has been idle.
    """
    return min(waiting_s, idle_s) > DEAF_S


def send_due() -> None:
    """Queue the jobs of dead workers again, and send the Celery message of every queued job that needs one.

    A job needs one if its message was never sent or was sent more than 30 seconds ago (`jobs.RESEND_S`).

    Raises:
        OSError: Redis can't be reached.
    """
    from veritrain_lib.execution.workers.app import send

    due = jobs.reap()
    for number, message in enumerate(due):
        try:
            send(message)
        except Exception:
            jobs.mark_unsent([unsent.job for unsent in due[number:]])
            raise
