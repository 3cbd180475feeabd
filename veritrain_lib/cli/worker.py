"""Command `veritrain worker`: runs stages that loops on other machines have submitted."""

from __future__ import annotations

import os

import click


@click.command(short_help="Run stages for loops of other machines.", help=(
    "Take jobs from Redis (REDIS_URL) and run them here, until stopped. The record must be in PostgreSQL, which all "
    "machines share (docs/machines.md). A worker that fails, or that no job reaches any more, is started again. Ctrl-C "
    "lets running jobs end; a second one gives them back."
))  # fmt: skip
@click.option(
    "--queues",
    default="cpu,gpu,teacher",
    show_default=True,
    help="Queues to take jobs from, separated by commas.",
)
@click.option(
    "--concurrency", default=1, show_default=True, type=click.IntRange(1, 64), help="Jobs that run at once."
)
@click.option("--name", default="", help="Name of the worker; by default the machine's name and a number.")
def worker(queues: str, concurrency: int, name: str) -> None:
    """Run `veritrain worker`: take jobs from Redis and run them on this machine, under a supervisor.

    Args:
        queues: Names of the queues to take jobs from, separated by commas.
        concurrency: Number of jobs that run at the same time.
        name: Name of the worker; empty for the machine's name and the process id.

    Raises:
        UserError: A queue is unknown, or a limit of the jobs is wrong.
        Infrastructure: The tracking store's database is not PostgreSQL, or `REDIS_URL` is not set.
        SystemExit: Always at the end, with the exit code of the supervisor.
    """
    import socket

    from veritrain_lib.core.errors import UserError
    from veritrain_lib.execution.workers import slot, supervise
    from veritrain_lib.execution.workers.app import broker_url
    from veritrain_lib.tracking.state import database, migrate
    from veritrain_lib.tracking.state.jobs import QUEUES

    names = [queue.strip() for queue in queues.split(",") if queue.strip()]
    unknown = [queue for queue in names if queue not in QUEUES]
    if unknown or not names:
        raise UserError(f"--queues is {queues!r}; allowed, separated by commas: {', '.join(QUEUES)}")
    database.require_shared("a worker")
    broker_url()
    slot.limits()
    migrate.ensure()
    command = supervise.command(names, concurrency, name or f"{socket.gethostname()}-{os.getpid()}")
    raise SystemExit(supervise.supervise(command))
