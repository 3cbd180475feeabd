"""Settings of a connection to a SQLite store: a write-ahead log, and how long to wait for a writer."""

from __future__ import annotations

from typing import Any


def use_wal(connection: Any, _: object) -> None:
    """Use a write-ahead log, synced at checkpoints.

    Safe when processes are killed (https://sqlite.org/wal.html).
    """
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode and mode[0] == "wal":
        connection.execute("PRAGMA synchronous = NORMAL")


def configure_connection(connection: Any, _: object) -> None:
    """Configure our own connection to a SQLite store.

    Write-ahead log, and 20 s to wait for a writer, as MLflow does.
    """
    connection.execute("PRAGMA busy_timeout = 20000")
    use_wal(connection, None)
