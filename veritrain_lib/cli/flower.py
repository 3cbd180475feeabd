"""Command `veritrain flower`: starts Flower (the monitoring pages of Celery), which the server shows to its admins at /flower/."""

from __future__ import annotations

import os

import click


@click.command(short_help="Start Flower, Celery's page for tasks and workers.", help=(
    "Start Flower, Celery's page for tasks and workers, until stopped. The server shows it to its admins at /flower/; "
    "VERITRAIN_FLOWER_URL tells the server where it runs, if not on the same machine (docs/machines.md)."
))  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=5555, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on."
)
def flower(host: str, port: int) -> None:
    """Run `veritrain flower`: replace this process by Flower's process.

    Flower asks for a password: the setting `VERITRAIN_FLOWER_PASSWORD`, or one derived from the server's secret.

    Args:
        host: Address to listen on.
        port: Port to listen on.

    Raises:
        Infrastructure: `REDIS_URL` is not set.
    """
    from veritrain_lib.execution.workers import flower as flower_process
    from veritrain_lib.execution.workers.app import broker_url
    from veritrain_lib.server.environment import environment

    broker_url()
    arguments = flower_process.command(host, port)
    variables = {**os.environ, **flower_process.environment(environment().secret)}
    os.execve(arguments[0], arguments, variables)
