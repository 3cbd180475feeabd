"""Cached read-only connections to a SQLite file, one for each thread."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

BUSY_TIMEOUT_S = 20.0
"""Seconds to wait for a writer, as MLflow does."""


class _IdleConnection(threading.local):
    """The connection that this thread used last.

    Opening a connection reads MLflow's complete schema, which takes 1 ms.
    """

    connection: sqlite3.Connection | None = None
    key: tuple[object, ...] = ()
    """The process that opened the connection, and the file that it is connected to."""
    inherited: tuple[sqlite3.Connection, ...] = ()
    """Connections of a parent process, which a fork must neither use nor close."""

    def take(self, key: tuple[object, ...]) -> sqlite3.Connection | None:
        """Return the connection if its key is `key`. Nobody else gets it until it is kept again."""
        connection, self.connection = self.connection, None
        if connection is None or self.key == key:
            return connection
        if self.key[0] == os.getpid():
            connection.close()
        else:
            self.inherited += (connection,)
        return None

    def keep(self, connection: sqlite3.Connection, key: tuple[object, ...]) -> None:
        """Keep a connection for the next read; a nested read may have left one already."""
        if self.connection is None:
            self.connection, self.key = connection, key
        else:
            connection.close()


_idle_connection = _IdleConnection()


@contextmanager
def read_connection(file: Path) -> Iterator[sqlite3.Connection]:
    """Yield a read-only connection to a file, with no open transaction.

    The connection is kept for the next read unless an error occurs.
    """
    status = os.stat(file)
    key = (os.getpid(), str(file), status.st_dev, status.st_ino)
    # Read only: an incomplete change of a killed process must be rolled back by a writer, not here.
    connection = _idle_connection.take(key) or sqlite3.connect(
        f"file:{quote(str(file))}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None
    )
    try:
        yield connection
        connection.execute("ROLLBACK")
    except BaseException:
        connection.close()
        raise
    _idle_connection.keep(connection, key)
