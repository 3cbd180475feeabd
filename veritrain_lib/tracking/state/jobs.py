"""Queue of notebook jobs for workers (Celery workers on other machines), in Veri-Train's own database tables.

The message that Celery's broker delivers says only that there is a job. The job consists of names: its stage, its
parameters, and digests of the task's and the project's files. Its id is the digest of the stage's work, so the same
work is one job, however often it is requested or delivered. The worker that runs a job renews its hold on it by a
heartbeat, as for a lease (`leases.py`). A job whose heartbeat stops is queued again, at most `MAX_ATTEMPTS` times in
all.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from veritrain_lib.tracking.state import database
from veritrain_lib.tracking.state.leases import TTL_S

if TYPE_CHECKING:
    from sqlalchemy import Connection

Status = Literal["queued", "running", "done", "failed", "cancelled"]
"""Status of a job in the queue."""

QUEUES = ("cpu", "gpu", "teacher")
"""Names of the queues of jobs; the first one is the default."""

MAX_ATTEMPTS = 3
"""Maximum number of times that a job is started if its workers die or it exceeds its memory or time limit."""

RESEND_S = 30.0
"""Seconds after which the broker's message of a job that still waits is sent again; an extra message does no harm."""

EXPIRED = (
    "beat_at < clock_timestamp() - make_interval(secs => :ttl)"
    " AND pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => :ttl)"
)

SUBMIT_SQL = """
INSERT INTO veritrain_state_jobs AS job
    (id, name, payload, queue, status, attempts, cancel, reason, error, progress, message, worker, token, queued_at, result)
VALUES (:id, :name, CAST(:payload AS json), :queue, 'queued', 0, false, '', '', '{}', :message, '', '', clock_timestamp(), '{}')
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, payload = excluded.payload, queue = excluded.queue, status = 'queued', attempts = 0,
    cancel = false, reason = '', error = '', progress = '{}', message = excluded.message, worker = '', token = '',
    queued_at = excluded.queued_at, sent_at = NULL, beat_at = NULL, ended_at = NULL, result = '{}'
WHERE job.status IN ('done', 'failed', 'cancelled')
"""

TAKE_SQL = """
UPDATE veritrain_state_jobs
SET status = 'running', attempts = attempts + CASE WHEN token = :token THEN 0 ELSE 1 END, worker = :worker, token = :token, beat_at = clock_timestamp(), progress = '{}'
WHERE id = :id AND ((status = 'queued' AND NOT cancel) OR (status = 'running' AND token = :token))
RETURNING name, payload, attempts
"""

BEAT_SQL = """
UPDATE veritrain_state_jobs SET beat_at = clock_timestamp(), progress = CAST(:progress AS json)
WHERE id = :id AND token = :token AND status = 'running' RETURNING cancel
"""

FINISH_SQL = """
UPDATE veritrain_state_jobs
SET status = :status, reason = :reason, error = :error, result = CAST(:result AS json), ended_at = clock_timestamp()
WHERE id = :id AND token = :token AND status = 'running'
"""

RETURN_SQL = """
UPDATE veritrain_state_jobs SET
    status = CASE WHEN cancel THEN 'cancelled' WHEN attempts - :uncounted >= :most THEN 'failed' ELSE 'queued' END,
    attempts = attempts - :uncounted, reason = :reason, error = 'Infrastructure', sent_at = NULL, token = '',
    ended_at = CASE WHEN cancel OR attempts - :uncounted >= :most THEN clock_timestamp() END
WHERE id = :id AND token = :token AND status = 'running'
"""

REAP_SQL = f"""
UPDATE veritrain_state_jobs SET
    status = CASE WHEN cancel THEN 'cancelled' WHEN attempts >= :most THEN 'failed' ELSE 'queued' END,
    reason = 'its worker ' || worker || ' went down', error = 'Infrastructure', sent_at = NULL, token = '',
    ended_at = CASE WHEN cancel OR attempts >= :most THEN clock_timestamp() END
WHERE status = 'running' AND {EXPIRED}
"""  # no value in it

CANCELLED_SQL = """
UPDATE veritrain_state_jobs SET status = 'cancelled', reason = 'cancelled before it began', ended_at = clock_timestamp()
WHERE status = 'queued' AND cancel
"""

UNSENT_SQL = """
UPDATE veritrain_state_jobs SET sent_at = clock_timestamp()
WHERE status = 'queued' AND (sent_at IS NULL OR sent_at < clock_timestamp() - make_interval(secs => :resend))
RETURNING id, queue, message, payload
"""

STATE_SQL = (
    "SELECT id, name, status, attempts, reason, error, progress, worker, message, result FROM veritrain_state_jobs"
    " WHERE id = ANY(:ids)"
)


@dataclass(frozen=True)
class QueuedJob:
    """Notebook job as it is submitted to workers.

    Attributes:
        id: Digest of the work (inputs, parameters and code).
        name: Name of the work for people, such as `train of task support`.
        payload: Names of everything that a worker needs; it holds no paths and no secrets.
        queue: Name of the queue in which the job waits, such as `cpu`.
        message: Id of the broker's message; a new one where it is empty.
    """

    id: str
    name: str
    payload: Mapping[str, Any]
    queue: str
    message: str = ""


@dataclass(frozen=True)
class JobState:
    """State of a notebook job that was submitted to workers.

    Attributes:
        id: Digest of the work.
        name: Name of the work for people.
        status: queued, running, done, failed or cancelled.
        attempts: Number of times that the job was started.
        reason: Reason why the job failed, or why it was queued again.
        error: Name of the error's class.
        progress: Progress that the worker last reported.
        worker: Name of the worker that started the job last.
        message: Id of the broker's message.
        result: Result of a Celery task that was called by name (`called_tasks.py`); empty for a stage, whose result is
            in MLflow.
    """

    id: str
    name: str
    status: Status
    attempts: int
    reason: str
    error: str
    progress: Mapping[str, Any]
    worker: str
    message: str
    result: Mapping[str, Any]

    def failure(self, subject: str) -> str:
        """Return the sentences that tell people why the job failed, and how often it was tried if more than once.

        Args:
            subject: What failed, with which the first sentence begins, such as `train on worker gpu-box/4711`.
        """
        attempts = f" It was tried {self.attempts} times." if self.attempts > 1 else ""
        return f"{subject}: {self.reason.removesuffix('.')}.{attempts}"


@dataclass(frozen=True)
class DueMessage:
    """Message that is to be sent to the broker, to say that there is a job.

    Attributes:
        job: Id of the job.
        queue: The queue that it waits in.
        id: Id of the message.
        payload: See `QueuedJob`.
    """

    job: str
    queue: str
    id: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class TakenJob:
    """Notebook job that this worker runs until it finishes the job, gives it back, or loses it to another worker.

    Attributes:
        id: Digest of the work.
        name: Name of the work for people.
        payload: Names of everything that the worker needs, from `QueuedJob`.
        attempt: Number of this attempt, from 1.
        token: Unique text that this worker must name to change the job; a later worker gets another one.
    """

    id: str
    name: str
    payload: Mapping[str, Any]
    attempt: int
    token: str


def _execute(sql: str, *, wait: bool = True, **values: Any) -> Any:
    """Run one SQL statement on the table of jobs, and repeat it while the database can't be reached.

    So every statement must be harmless when it runs twice.

    Args:
        sql: The statement.
        wait: Whether to wait and repeat; False raises the error at once.
        values: Values of the statement's parameters by name.

    Returns:
        The rows, or the number of changed rows for a statement without rows.
    """
    from sqlalchemy import text

    def work(connection: Connection) -> Any:
        result = connection.execute(text(sql), values)
        return result.all() if result.returns_rows else result.rowcount

    return database.run(work, wait=wait)


def submit(job: QueuedJob) -> bool:
    """Queue a notebook job for workers, unless the same job is already queued or running.

    Returns:
        Whether this call queued it.
    """
    import json

    payload = json.dumps(dict(job.payload))
    values: dict[str, Any] = {
        "id": job.id,
        "name": job.name,
        "queue": job.queue,
        "message": job.message or uuid.uuid4().hex,
    }
    return bool(_execute(SUBMIT_SQL, payload=payload, **values))


def take(job_id: str, worker: str) -> TakenJob | None:
    """Take a queued notebook job for this worker; return None when another worker has it or it has ended."""
    token = uuid.uuid4().hex
    for name, payload, attempt in _execute(TAKE_SQL, id=job_id, worker=worker, token=token):
        return TakenJob(job_id, name, payload, attempt, token)
    return None


def beat(job: TakenJob, progress: Mapping[str, Any]) -> Literal["kept", "cancel", "lost"]:
    """Renew this worker's hold on a notebook job and report its progress.

    Returns:
        `kept` when the worker still holds the job, `cancel` when somebody asked to stop the job, and `lost` when
        another worker may have it by now.
    """
    import json

    shown = json.dumps(dict(progress))
    for (cancel,) in _execute(BEAT_SQL, wait=False, id=job.id, token=job.token, progress=shown):
        return "cancel" if cancel else "kept"
    return "lost"


def finish(
    job: TakenJob,
    status: Literal["done", "failed", "cancelled"],
    reason: str = "",
    error: str = "",
    result: Mapping[str, Any] | None = None,
) -> None:
    """End a notebook job that this worker runs; do nothing if it no longer holds the job.

    Args:
        job: The job.
        status: Final status.
        reason: Reason why it failed or was cancelled.
        error: Name of the error's class.
        result: What a called Celery task gives back.
    """
    import json

    stored = json.dumps(dict(result or {}))
    _execute(
        FINISH_SQL, id=job.id, token=job.token, status=status, reason=reason, error=error[:80], result=stored
    )


def give_back(job: TakenJob, reason: str, *, counts: bool = True) -> None:
    """Queue again a notebook job that this worker could not finish; after the last attempt, set it to failed.

    Args:
        job: The job.
        reason: Reason why it could not be finished.
        counts: Whether the attempt counts; it does not when the worker was asked to stop.
    """
    _execute(
        RETURN_SQL, id=job.id, token=job.token, reason=reason, uncounted=0 if counts else 1, most=MAX_ATTEMPTS
    )


def cancel(ids: Sequence[str]) -> None:
    """Cancel notebook jobs by id: queued ones end at once, and the workers of running ones are told to stop them."""
    _execute("UPDATE veritrain_state_jobs SET cancel = true WHERE id = ANY(:ids)", ids=list(ids))
    _execute(CANCELLED_SQL)


def reap() -> list[DueMessage]:
    """Queue the jobs of dead workers again, and return all jobs whose broker message must be sent.

    Any process may call this at any time.

    Returns:
        The message of each job to send.
    """
    _execute(REAP_SQL, ttl=TTL_S, most=MAX_ATTEMPTS)
    _execute(CANCELLED_SQL)
    return [DueMessage(*row) for row in _execute(UNSENT_SQL, resend=RESEND_S)]


def mark_unsent(ids: Sequence[str]) -> None:
    """Mark queued jobs whose broker message could not be sent, so that the next `reap` returns them again."""
    _execute(
        "UPDATE veritrain_state_jobs SET sent_at = NULL WHERE id = ANY(:ids) AND status = 'queued'",
        ids=list(ids),
    )


def states(ids: Sequence[str]) -> dict[str, JobState]:
    """Return the states of notebook jobs by id; unknown ids are left out."""
    return {row[0]: JobState(*row) for row in _execute(STATE_SQL, ids=list(ids))}


def of_message(message: str) -> list[str]:
    """Return the id of the job that belongs to a broker message, as a list that is empty if there is no such job.

    Args:
        message: Id of the broker message.
    """
    return [
        row[0]
        for row in _execute("SELECT id FROM veritrain_state_jobs WHERE message = :message", message=message)
    ]


def waiting_s(queues: Sequence[str]) -> float:
    """Return the seconds for which the oldest queued job in any of the given queues has waited; 0 when none waits."""
    sql = (
        "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(queued_at)), 0) FROM veritrain_state_jobs"
        " WHERE status = 'queued' AND queue = ANY(:queues)"
    )
    return float(_execute(sql, queues=list(queues))[0][0])
