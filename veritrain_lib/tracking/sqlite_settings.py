"""Settings of connections to an MLflow store in SQLite: write-ahead log, and the time to wait for a writer."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

SWITCH_TIMEOUT_S = 20.0
"""Seconds to wait for other connections that keep a database from being switched to a write-ahead log."""

PAUSE_S = 0.02


def use_wal(connection: Any, _: object) -> None:
    """Switch a SQLite database to a write-ahead log that is synced to disk at checkpoints.

    Killed processes do no harm in this mode (https://sqlite.org/wal.html). The second argument, which SQLAlchemy's
    event passes, is not used.

    Raises:
        sqlite3.OperationalError: Others have kept the database locked for `SWITCH_TIMEOUT_S` seconds.
    """
    if _journal_mode(connection) == "wal":
        connection.execute("PRAGMA synchronous = NORMAL")


def _journal_mode(connection: Any) -> str:
    """Ask for a write-ahead log, and return the journal mode that the database has then."""
    deadline = time.monotonic() + SWITCH_TIMEOUT_S
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            return str(mode[0]) if mode else ""
        except sqlite3.OperationalError as error:
            # Of several connections that switch at once, SQLite refuses all but one without waiting (no `busy_timeout`
            # applies, since each would wait for the others' read lock). The mode is stored, so this ends soon.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_S)


def configure_connection(connection: Any, _: object) -> None:
    """Set up a connection that Veri-Train opens to an MLflow store in SQLite: write-ahead log, 20 s wait for a writer.

    MLflow waits as long. The second argument, which SQLAlchemy's event passes, is not used.
    """
    connection.execute("PRAGMA busy_timeout = 20000")
    use_wal(connection, None)
