"""Benchmark of the server's requirements: `python -m benchmarks.server`, or `make bench-server`.

Lists: 10,000 runs and 2,000 versions on sqlite and on PostgreSQL (`--postgres`, skipped with a reason where there is
none), one client, pages of 20, first, middle and last, with and without a search, compared with MLflow's search of 50.
Progress: 200 events, from before they are logged to when a plain WebSocket and a Socket.IO client have them.
Load: 50 clients read while 5 experiments of a tiny task run for `--seconds`; every unsuccessful response counts
as an error, and every logged line that a stream or the log route does not deliver as lost.

The server is the real one, `veritrain serve`, in a separate process. The last line is JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import uuid
from pathlib import Path

import click

from benchmarks.server_fill import fill
from benchmarks.server_lists import Listed, measure_lists
from benchmarks.server_load import Loaded, load
from benchmarks.server_process import Served, serving
from benchmarks.server_progress import Followed, follow

POSTGRES = "postgresql://postgres@127.0.0.1:5432"


def point_at(home: Path, database: str = "") -> dict[str, str]:
    """Point this process and the server to be at a store; return the server's environment."""
    from veritrain_lib.tracking import store

    home.mkdir(parents=True, exist_ok=True)
    for name in ("MLFLOW_TRACKING_URI", "DATABASE_URL", "SECRET_KEY"):
        os.environ.pop(name, None)
    os.environ["VERITRAIN_HOME"] = str(home)
    if database:
        os.environ["DATABASE_URL"] = database
    store.close_clients()
    return dict(os.environ)


def _postgres(address: str) -> tuple[str, str]:
    """Create a new database there, or return why that is impossible."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import OperationalError

    name = f"bench_{uuid.uuid4().hex[:10]}"
    try:
        with create_engine(
            f"{address}/postgres", isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3}
        ).connect() as opened:
            opened.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError as error:
        return "", str(error.orig).strip().splitlines()[0]
    return name, ""


def _drop(address: str, name: str) -> None:
    from sqlalchemy import create_engine, text

    with create_engine(f"{address}/postgres", isolation_level="AUTOCOMMIT").connect() as opened:
        opened.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _lists(home: Path, database: str, scale: float, repeats: int) -> Listed:
    own = point_at(home, database)
    fill(scale=scale)
    if database:
        from sqlalchemy import create_engine, text

        # What PostgreSQL does by itself a minute after so many new rows.
        with create_engine(database, isolation_level="AUTOCOMMIT").connect() as opened:
            opened.execute(text("ANALYZE"))
    with serving(own) as served:
        return measure_lists(served, repeats)


def _show_lists(title: str, listed: Listed) -> None:
    click.echo(f"\n{title}: p95 of {listed.requests} requests a line, ms")
    click.echo(f"{'':14} {'first':>8} {'middle':>8} {'last':>8} {'search':>8} {'all':>8}")
    for name, line in listed.lines.items():
        shown = " ".join(f"{value:8.1f}" for value in line) if line else "  no such route here"
        click.echo(f"{name:14} {shown}")
    click.echo(f"{'MLflow, 50':14} {listed.mlflow:8.1f}")


def _show_progress(followed: Followed) -> None:
    click.echo("\nprogress: seconds from before an event is logged to when a client has it")
    for name, times in (("plain", followed.plain), ("Socket.IO", followed.socket_io)):
        if times:
            click.echo(f"{name:10} p50 {times[len(times) // 2]:.3f}  p95 {_p95(times):.3f}  of {len(times)}")
        else:
            click.echo(f"{name:10} nothing came: {followed.why}")


def _show_load(loaded: Loaded) -> None:
    click.echo(
        f"\nload: {loaded.requests} requests of {loaded.clients} clients in {loaded.seconds:.0f} s, "
        f"{loaded.experiments} experiments done, {loaded.lines} lines; p95 {loaded.p95_ms:.0f} ms"
    )
    for what, count in sorted(loaded.errors.items()):
        click.echo(f"  error: {what} ({count})")


def _p95(times: list[float]) -> float:
    return times[min(int(0.95 * len(times)), len(times) - 1)]


@click.command(help=__doc__)
@click.option("--seconds", default=180.0, show_default=True, help="How long the load lasts.")
@click.option("--scale", default=1.0, show_default=True, help="Share of the 10,000 runs.")
@click.option("--repeats", default=20, show_default=True, help="Requests of each page.")
@click.option("--postgres", default=POSTGRES, show_default=True, help="PostgreSQL to make a database in.")
@click.option("--workers", default=1, show_default=True, help="Worker processes of the server under load.")
def main(seconds: float, scale: float, repeats: int, postgres: str, workers: int) -> None:
    """Measure, print tables, then one line of JSON."""
    with tempfile.TemporaryDirectory(prefix="veritrain-bench-") as folder:
        place = Path(folder)
        on_sqlite = _lists(place / "sqlite", "", scale, repeats)
        _show_lists("sqlite", on_sqlite)
        name, why = _postgres(postgres)
        on_postgres: Listed | None = None
        if name:
            try:
                on_postgres = _lists(place / "postgres", f"{postgres}/{name}", scale, repeats)
                _show_lists("PostgreSQL", on_postgres)
            finally:
                _drop(postgres, name)
        else:
            click.echo(f"\nPostgreSQL: skipped, {why}")
        own = point_at(place / "live")
        followed, loaded = _live(own, place / "live", workers, seconds)
    result = {
        "list_p95_ms_sqlite": on_sqlite.worst,
        "list_p95_ms_postgres": on_postgres.worst if on_postgres else None,
        "progress_p95_s": followed.worst,
        "errors_under_load": sum(loaded.errors.values()) if loaded else None,
        "lost_log_lines": loaded.lost if loaded else None,
    }
    click.echo(json.dumps(result))


def _live(own: dict[str, str], home: Path, workers: int, seconds: float) -> tuple[Followed, Loaded | None]:
    from benchmarks.server_load import prepare

    ready = prepare(home)
    with serving(own, workers=workers) as served:
        followed = asyncio.run(follow(served, ready))
        _show_progress(followed)
        if not _has_experiments(served):
            click.echo("\nload: skipped, the server has no route POST /api/v1/experiments")
            return followed, None
        loaded = asyncio.run(load(served, ready, seconds))
        _show_load(loaded)
    return followed, loaded


def _has_experiments(served: Served) -> bool:
    return "/experiments" in served.openapi().get("paths", {})


if __name__ == "__main__":
    main()
