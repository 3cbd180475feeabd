"""Table of the workers that run, and of the jobs that each runs, for the home page and Prometheus.

Nothing depends on this table: jobs are held by their own heartbeats (`jobs.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.tracking.state import database
from veritrain_lib.tracking.state.leases import TTL_S

if TYPE_CHECKING:
    from sqlalchemy import Connection

STATES = ("busy", "idle", "silent")
"""States of a worker: it runs jobs, waits for one, or gives no sign of life."""

FORGET_S = 3600.0
"""Seconds after the last sign of life at which a worker that was killed is no longer listed."""

BEAT_SQL = """
INSERT INTO veritrain_state_workers AS worker (name, queues, since, beat_at)
VALUES (:name, :queues, clock_timestamp(), clock_timestamp())
ON CONFLICT (name) DO UPDATE SET queues = excluded.queues, beat_at = excluded.beat_at
"""

FORGET_SQL = """
DELETE FROM veritrain_state_workers
WHERE name = :name OR beat_at < clock_timestamp() - make_interval(secs => :forget)
"""

PRESENT_SQL = """
SELECT worker.name, worker.queues, extract(epoch FROM clock_timestamp() - worker.since),
    extract(epoch FROM clock_timestamp() - worker.beat_at), job.name, job.attempts, job.progress
FROM veritrain_state_workers AS worker
LEFT JOIN veritrain_state_jobs AS job ON job.worker = worker.name AND job.status = 'running'
WHERE worker.beat_at > clock_timestamp() - make_interval(secs => :forget)
ORDER BY worker.name, job.name
"""


@dataclass(frozen=True)
class WorkerJob:
    """Job that a worker runs.

    Attributes:
        name: Name of the work for people, such as `train of task support`.
        attempt: Number of this attempt, from 1.
        progress: Progress that the worker last reported: `cell`, `cells`, `title_of_cell`, `seconds`.
    """

    name: str
    attempt: int
    progress: Mapping[str, Any]


@dataclass(frozen=True)
class WorkerState:
    """Worker that runs, or was killed within the last hour.

    Attributes:
        name: Its machine and process, such as `gpu-box/4711`.
        queues: Names of the queues that it takes jobs from.
        up_s: Seconds since it started.
        silent_s: Seconds since its last sign of life.
        jobs: The jobs that it runs.
    """

    name: str
    queues: tuple[str, ...]
    up_s: float
    silent_s: float
    jobs: list[WorkerJob] = field(default_factory=list)

    @property
    def is_alive(self) -> bool:
        """Whether the worker's last heartbeat is recent enough; if it is not, its jobs are queued again."""
        return self.silent_s < TTL_S

    @property
    def state(self) -> str:
        """The worker's state: `busy` (it runs jobs), `idle` (it waits for one) or `silent` (it is not alive)."""
        if not self.is_alive:
            return "silent"
        return "busy" if self.jobs else "idle"


def beat(name: str, queues: Sequence[str]) -> None:
    """Store a heartbeat of a worker. It is called every few seconds, and raises at once if the database can't be reached."""
    _run(BEAT_SQL, name=name, queues=",".join(queues))


def forget(name: str) -> None:
    """Remove a worker that ends from the table of workers, and those that were killed more than an hour ago."""
    _run(FORGET_SQL, name=name, forget=FORGET_S)


def listed() -> list[WorkerState]:
    """Return the workers that run or were killed within the last hour, by name, each with its jobs."""
    workers: dict[str, WorkerState] = {}
    for name, queues, up_s, silent_s, job, attempt, progress in _run(PRESENT_SQL, forget=FORGET_S):
        state = workers.setdefault(
            name, WorkerState(name, tuple(queues.split(",")), float(up_s), float(silent_s))
        )
        if job is not None:
            state.jobs.append(WorkerJob(job, attempt, progress or {}))
    return list(workers.values())


def _run(sql: str, **values: Any) -> Any:
    from sqlalchemy import text

    def work(connection: Connection) -> Any:
        result = connection.execute(text(sql), values)
        return result.all() if result.returns_rows else []

    return database.run(work, wait=False)
