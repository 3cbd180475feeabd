"""Commands `veritrain serve`, which starts the server, and `veritrain migrate`, which updates its database tables."""

from __future__ import annotations

import errno
import os
import shlex
import socket
import sys
from typing import TYPE_CHECKING

import click

from veritrain_lib.cli.output import CommandResult, ResultCommand

if TYPE_CHECKING:
    from veritrain_lib.server.environment import Environment


@click.command(
    short_help="Serve the REST API, live progress, the home page and the MLflow UI on one port.",
    help=(
        "Serve the REST API, live progress, the home page and the MLflow UI on one port.\n\n"
        "Without SECRET_KEY whoever has the link that it prints may use it, on this machine only; with one, everything "
        "needs a login, and it may listen on other addresses too."
    ),
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on."
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Worker processes.")
def serve(host: str, port: int, workers: int) -> None:
    """Run `veritrain serve`: replace this process by MLflow's server with the Veri-Train application in front.

    Args:
        host: Address to listen on.
        port: Port to listen on.
        workers: Number of server processes.

    Raises:
        UserError: The address can't be listened on, or other machines can reach it and `SECRET_KEY` is not set.
    """
    from veritrain_lib.core.errors import UserError
    from veritrain_lib.server.environment import environment, is_loopback

    settings = environment()
    if not settings.needs_login and not is_loopback(host):
        raise UserError(
            f"--host {host} is reached from other machines and SECRET_KEY is not set, so anybody could use it; "
            "set SECRET_KEY, or listen on 127.0.0.1"
        )
    _check_address(host, port)
    from veritrain_lib.server.database import migrate
    from veritrain_lib.server.observability import logs, metrics
    from veritrain_lib.server.process_group import GRACE_S
    from veritrain_lib.tracking import mlflow_server

    migrate.upgrade()
    host_in_url = f"[{host}]" if ":" in host else host
    click.echo(
        f"Home page: http://{host_in_url}:{port}/home{_token_query(settings)}   API: /api/v1/docs   MLflow: /   Stop: Ctrl+C",
        err=True,
    )
    options = shlex.join(
        [
            "--timeout-graceful-shutdown",
            str(GRACE_S),
            "--no-access-log",
            "--log-config",
            str(logs.CONFIGURATION),
        ]
    )
    command = mlflow_server.command(host, port, workers, uvicorn_options=options)
    server_variables = {
        **mlflow_server.command_environment(),
        metrics.FOLDER_VARIABLE: str(metrics.new_folder()),
    }
    # This process becomes the supervisor, without the libraries that it took to get here.
    supervisor = [sys.executable, "-m", "veritrain_lib.server.supervise", *command]
    os.execvpe(supervisor[0], supervisor, {**os.environ, **server_variables})


def _token_query(settings: Environment) -> str:
    """Return the query string `?token=...` that gives access without a login; empty where users must log in."""
    return f"?token={settings.link_token.get_secret_value()}" if settings.link_token else ""


def _check_address(host: str, port: int) -> None:
    """Check that the server can listen on an address, before anything is started.

    Raises:
        UserError: The address is wrong, in use or not allowed.
    """
    from veritrain_lib.core.errors import UserError

    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise UserError(f"--host {host} is no address: {error.strerror}") from error
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            reason = {
                errno.EADDRINUSE: "is in use already; stop what listens there, or choose another --port",
                errno.EACCES: "needs an administrator's rights; choose a --port from 1024 on",
                errno.EADDRNOTAVAIL: "is no address of this machine; choose another --host",
            }.get(error.errno or 0, f"can't be listened on: {error.strerror}")
            raise UserError(f"{host}, port {port}, {reason}") from error


@click.command(cls=ResultCommand, short_help="Bring the server's tables up to date.", help=(
    "Make or change the server's own tables (users, tokens, settings) in the record's database, or check whether "
    "they are up to date. `veritrain serve` does it at its start. Where machines share a PostgreSQL database, the answers "
    "that this project has paid for are brought into it from `.veritrain/ledger.db`, each once."
))  # fmt: skip
@click.option("--check", "only_check", is_flag=True, help="Only check; exit code 3 when they are not.")
@click.option(
    "--down-to", default="", metavar="REVISION", help="Undo migrations down to a revision or `base`."
)
def migrate(only_check: bool, down_to: str) -> CommandResult:
    """Run `veritrain migrate`: create or update the server's tables, and copy paid answers to a shared database.

    Args:
        only_check: Whether only to check that the tables are up to date.
        down_to: Revision down to which migrations are undone; empty for none.

    Returns:
        What the command prints, and its exit code.
    """
    from dataclasses import asdict

    from veritrain_lib.llm.ledger_transfer import transfer
    from veritrain_lib.server.database import migrate as migrations

    if only_check:
        migrations.check()
    elif down_to:
        migrations.downgrade(down_to)
    else:
        migrations.upgrade()
    revision = migrations.current() or "none"
    transferred = None if only_check or down_to else transfer()
    return CommandResult(
        {
            "revision": revision,
            "newest": migrations.newest(),
            "paid": asdict(transferred) if transferred else None,
        },
        [f"The server's tables are at revision {revision}.", *([str(transferred)] if transferred else [])],
    )
