"""Items of the home page's list of workers: name, queues and current work of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.server.web.links import duration_text

if TYPE_CHECKING:
    from veritrain_lib.tracking.state.workers import WorkerJob


@dataclass(frozen=True)
class WorkerItem:
    """Worker (a process that runs jobs) on the home page.

    Attributes:
        name: Machine and process of the worker.
        queues: Names of its queues, separated by commas.
        state: `busy`, `idle`, or `silent` if it gave no sign of life for half a minute.
        since: How long it has run, or has been silent, in words.
        work: One sentence for each job that it runs.
    """

    name: str
    queues: str
    state: str
    since: str
    work: tuple[str, ...]


def worker_items() -> list[WorkerItem]:
    """Return the workers that run jobs, sorted by name, for the home page.

    The list is empty unless Veri-Train's tables are in PostgreSQL, where several machines can share them.
    """
    from veritrain_lib.tracking.state import database, workers

    if not database.is_shared():
        return []
    return [
        WorkerItem(
            worker.name,
            ", ".join(worker.queues),
            worker.state,
            duration_text(worker.up_s if worker.is_alive else worker.silent_s),
            tuple(_sentence(job) for job in worker.jobs),
        )
        for worker in workers.listed()
    ]


def _sentence(job: WorkerJob) -> str:
    """Return what a worker does, such as `train of task support, cell 3 of 8, attempt 2`."""
    cell, cells = job.progress.get("cell"), job.progress.get("cells")
    parts = [
        job.name,
        f"cell {cell} of {cells}" if cells else "",
        f"attempt {job.attempt}" if job.attempt > 1 else "",
    ]
    return ", ".join(part for part in parts if part)
