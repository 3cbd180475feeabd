"""Celery application of the workers: its settings and its tasks. Celery's commands find it in `celery_app.py`.

A Celery message says only that there is a job; the job itself is in the database (`tracking/state/jobs.py`). A message
is acknowledged at once, so nothing depends on Celery's visibility timeout, and lost or repeated messages do no harm.
"""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING, Any

from celery import Celery, signals

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.llm.keys import setting
from veritrain_lib.tracking.state.jobs import QUEUES

if TYPE_CHECKING:
    from veritrain_lib.tracking.state.jobs import DueMessage

JOB_TASK = "veritrain.job"
"""Name of the Celery task that runs a job."""

ONCE_MORE = {"max_retries": 1, "interval_start": 0}
"""Celery's retry policy for sending a message: one retry.

Without a limit Celery would wait for Redis for ever; the caller sends the message again later anyway.
"""

log = logging.getLogger("veritrain.worker")

BROKER_TIMEOUT_S = 5
"""Seconds to wait for a connection to Redis."""


def broker_url() -> str:
    """Return the URL of the Redis server that delivers messages to workers.

    Raises:
        Infrastructure: `REDIS_URL` is not set.
    """
    url = setting("REDIS_URL")
    if not url:
        raise Infrastructure(
            "workers get their jobs through Redis, and REDIS_URL is not set. Set REDIS_URL=redis://HOST:6379/0 on "
            "every machine (docs/machines.md)"
        )
    return url


def make_app() -> Celery:
    """Return the workers' Celery application, which connects to Redis when it is first used."""
    url = setting("REDIS_URL") or "redis://127.0.0.1:6379/0"
    application = Celery("veritrain", broker=url)
    application.conf.update(
        result_backend="veritrain_lib.execution.workers.job_results:JobResults",
        task_default_queue=QUEUES[0],
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_hijack_root_logger=False,
        worker_send_task_events=True,
        task_send_sent_event=True,
        task_track_started=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "socket_connect_timeout": BROKER_TIMEOUT_S,
            "socket_keepalive": True,
            "retry_on_timeout": True,
        },
    )
    return application


app = make_app()


def run_job(job_id: str) -> None:
    """Run a notebook job on this worker; do nothing if another worker has taken the job or it has ended."""
    from veritrain_lib.execution.workers import slot

    try:
        slot.run(job_id)
    except Infrastructure as error:  # it waits in the database, which sends its message again
        log.warning("job %s was not taken: %s", job_id[:12], error)


app.task(run_job, name=JOB_TASK, ignore_result=True)


def send(message: DueMessage) -> None:
    """Send workers the Celery message that there is a job.

    Args:
        message: The message to send. If the job is a call of a Celery task by name, it is sent as a call of that task.

    Raises:
        Infrastructure: `REDIS_URL` is not set.
        OSError: Redis can't be reached; the caller may try again later.
    """
    # A connection of its own: the application keeps the address of Redis that was set when it was imported.
    with app.connection_for_write(broker_url()) as connection:
        app.send_task(
            message.payload.get("call", JOB_TASK),
            [] if "call" in message.payload else [message.job],
            message.payload.get("arguments", {}),
            queue=message.queue,
            task_id=message.id,
            ignore_result=True,
            connection=connection,
            retry=True,
            retry_policy=ONCE_MORE,
        )


def worker_name() -> str:
    """Return the name of this worker: `HOST/PROCESS_ID`."""
    import os

    return f"{socket.gethostname()}/{os.getpid()}"


def _on_ready(sender: Any, **_: Any) -> None:
    from veritrain_lib.execution.workers import watch

    watch.start(sorted(sender.app.amqp.queues.consume_from))


def _on_shutdown(**_: Any) -> None:
    from veritrain_lib.execution.workers import slot

    slot.stop_after_grace()


def _on_revoked(request: Any, **_: Any) -> None:
    """Stop the job of a message that Celery was told to drop; otherwise its message would be sent again for ever."""
    from veritrain_lib.tracking.state import jobs

    try:
        jobs.cancel(jobs.of_message(request.id))
    except Infrastructure as error:
        log.warning("task %s was revoked, and its job could not be stopped: %s", request.id, error)


def _on_end(**_: Any) -> None:
    from veritrain_lib.tracking.state import workers

    try:
        workers.forget(worker_name())
    except Exception as error:  # noqa: BLE001  # it is taken off the list when its heartbeats have stopped
        log.warning("this worker could not sign off: %s", type(error).__name__)


signals.worker_shutdown.connect(_on_end, weak=False)
signals.task_revoked.connect(_on_revoked, weak=False)
signals.worker_ready.connect(_on_ready, weak=False)
signals.worker_shutting_down.connect(_on_shutdown, weak=False)
