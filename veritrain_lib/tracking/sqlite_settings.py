"""Settings of connections to an MLflow store in SQLite: write-ahead log, and the time to wait for a writer."""

from __future__ import annotations

from typing import Any


def use_wal(connection: Any, _: object) -> None:
    """Switch a SQLite database to a write-ahead log that is synced to disk at checkpoints.

    Killed processes do no harm in this mode (https://sqlite.org/wal.html). The second argument, which SQLAlchemy's
    event passes, is not used.
    """
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode and mode[0] == "wal":
        connection.execute("PRAGMA synchronous = NORMAL")


def configure_connection(connection: Any, _: object) -> None:
    """Set up a connection that Veri-Train opens to an MLflow store in SQLite: write-ahead log, 20 s wait for a writer.

    MLflow waits as long. The second argument, which SQLAlchemy's event passes, is not used.
    """
    connection.execute("PRAGMA busy_timeout = 20000")
    use_wal(connection, None)
