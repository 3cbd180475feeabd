"""Numbers of jobs and leases for Prometheus, by the database's clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.tracking.state import database
from veritrain_lib.tracking.state.leases import TTL_S

if TYPE_CHECKING:
    from sqlalchemy import Connection

JOBS_SQL = """
SELECT queue, status, attempts, count(*),
    max(extract(epoch FROM clock_timestamp() - queued_at)) FILTER (WHERE status = 'queued')
FROM veritrain_state_jobs WHERE status IN ('queued', 'running') GROUP BY queue, status, attempts
"""

FAILED_SQL = """
SELECT queue, count(*) AS number FROM veritrain_state_jobs
WHERE status = 'failed' AND ended_at > clock_timestamp() - interval '1 hour' GROUP BY queue
"""

LEASES_SQL = """
SELECT kind, expired, count(*) FROM (
    SELECT 'job' AS kind, beat_at < clock_timestamp() - make_interval(secs => :ttl) AS expired
    FROM veritrain_state_jobs WHERE status = 'running'
    UNION ALL
    SELECT 'claim', beat_at < clock_timestamp() - make_interval(secs => :ttl) FROM veritrain_state_leases
) AS lease GROUP BY kind, expired
"""


@dataclass(frozen=True)
class JobCounts:
    """Numbers of jobs and leases at one moment; what does not occur is 0 and left out.

    Attributes:
        waiting: Number of waiting jobs by queue.
        oldest_s: Seconds for which the oldest waiting job of each queue has waited.
        running: Number of running jobs by queue.
        attempts: Number of unfinished jobs by how often they were started.
        failed: Number of jobs that failed within the last hour, by queue.
        leases: Number of leases by kind (`job`, `claim`) and state (`held`, `expired`).
    """

    waiting: dict[str, int]
    oldest_s: dict[str, float]
    running: dict[str, int]
    attempts: dict[int, int]
    failed: dict[str, int]
    leases: dict[tuple[str, str], int]


def read() -> JobCounts:
    """Return the numbers of jobs and leases now.

    Raises:
        SQLAlchemyError: The database is away; it is not waited for.
    """
    from sqlalchemy import text

    def work(connection: Connection) -> JobCounts:
        waiting: dict[str, int] = {}
        oldest_s: dict[str, float] = {}
        running: dict[str, int] = {}
        attempts: dict[int, int] = {}
        for queue, status, attempt, count, oldest in connection.execute(text(JOBS_SQL)):
            if status == "queued":
                waiting[queue] = waiting.get(queue, 0) + count
                oldest_s[queue] = max(oldest_s.get(queue, 0.0), float(oldest))
            else:
                running[queue] = running.get(queue, 0) + count
            attempts[attempt] = attempts.get(attempt, 0) + count
        leases = {
            (kind, "expired" if expired else "held"): count
            for kind, expired, count in connection.execute(text(LEASES_SQL), {"ttl": TTL_S})
        }
        failed = {row.queue: row.number for row in connection.execute(text(FAILED_SQL))}
        return JobCounts(waiting, oldest_s, running, attempts, failed, leases)

    return database.run(work, wait=False)
