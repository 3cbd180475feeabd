"""Prometheus metrics of jobs, leases (time-limited locks on work) and workers, read when /metrics is requested.

There are none unless Veri-Train's tables are in PostgreSQL, where several machines can share them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from veritrain_lib.tracking.state.job_counts import JobCounts
    from veritrain_lib.tracking.state.workers import WorkerState


class JobCollector:
    """Prometheus collector of jobs, leases (time-limited locks on work) and workers.

    It yields no metrics unless Veri-Train's tables are in PostgreSQL, where several machines can share them.
    """

    def collect(self) -> Iterable[Metric]:
        """Yield Prometheus metrics: jobs by queue and state, age of the oldest waiting job, attempts, leases, workers.

        Nothing is yielded unless Veri-Train's tables are in PostgreSQL, where several machines can share them.
        """
        from veritrain_lib.tracking.state import database, job_counts, workers

        if not database.is_shared():
            return
        yield from families(job_counts.read(), workers.listed())

    def describe(self) -> Iterable[Metric]:
        """Return no metrics, so that Prometheus' client reads nothing when the collector is registered."""
        return ()


def families(counts: JobCounts, listed: Iterable[WorkerState]) -> Iterable[Metric]:
    """Yield Prometheus metrics of jobs, leases (time-limited locks on work) and workers.

    They are the number of waiting, running and failed jobs and the age of the oldest waiting job, by queue; unfinished
    jobs by attempts; leases by kind and state; and workers by state.

    Args:
        counts: Numbers of jobs and leases.
        listed: Workers whose states are counted.
    """
    yield from _job_metrics(counts)
    yield _family("veritrain_workers", "Workers, by state", "state", _worker_counts(listed))


def _worker_counts(listed: Iterable[WorkerState]) -> dict[str, float]:
    from veritrain_lib.tracking.state.workers import STATES

    states = [worker.state for worker in listed]
    return {state: float(states.count(state)) for state in STATES}


def _job_metrics(counts: JobCounts) -> Iterable[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    from veritrain_lib.tracking.state.jobs import QUEUES

    for name, text, by_queue in (
        ("veritrain_queue_jobs", "Jobs that wait for a worker", counts.waiting),
        ("veritrain_queue_oldest_seconds", "Age of the oldest job that waits", counts.oldest_s),
        ("veritrain_running_jobs", "Jobs that workers run", counts.running),
        ("veritrain_failed_jobs", "Jobs that failed within the last hour", counts.failed),
    ):
        # Every queue has a value, 0 where there is nothing, so that a rule can tell that from no data.
        yield _family(name, text, "queue", {queue: float(by_queue.get(queue, 0)) for queue in QUEUES})
    attempts = {str(number): float(count) for number, count in sorted(counts.attempts.items())}
    yield _family(
        "veritrain_job_attempts", "Unfinished jobs, by how often they were started", "attempts", attempts
    )
    leases = GaugeMetricFamily(
        "veritrain_leases", "Leases on jobs and on other work, by state", labels=["kind", "state"]
    )
    for kind in ("job", "claim"):
        for state in ("held", "expired"):
            leases.add_metric([kind, state], counts.leases.get((kind, state), 0))
    yield leases


def _family(name: str, text: str, label: str, values: dict[str, float]) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(name, text, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
