"""Cached read-only connections to the MLflow store's SQLite file, one for each thread."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

BUSY_TIMEOUT_S = 20.0
"""Seconds that a read waits for another process that is writing; MLflow waits as long."""


class _IdleConnection(threading.local):
    """Connection that this thread used for its last read, kept open for the next read.

    Opening a new connection would read MLflow's complete schema, which takes 1 ms.
    """

    connection: sqlite3.Connection | None = None
    key: tuple[object, ...] = ()
    """Process id, path, device and inode of the connection; it serves only reads for which all four are the same."""
    inherited: tuple[sqlite3.Connection, ...] = ()
    """Connections that a parent process opened before a fork, kept so that they are neither used nor closed."""

    def take(self, key: tuple[object, ...]) -> sqlite3.Connection | None:
        """Remove the cached connection and return it if it was opened for `key`; None when there is no such connection.

        A connection for another key is closed, or set aside if a parent process opened it.
        """
        connection, self.connection = self.connection, None
        if connection is None or self.key == key:
            return connection
        if self.key[0] == os.getpid():
            connection.close()
        else:
            self.inherited += (connection,)
        return None

    def keep(self, connection: sqlite3.Connection, key: tuple[object, ...]) -> None:
        """Cache a connection for the next read with this key.

        It is closed instead if a nested read has already left a connection in the cache.
        """
        if self.connection is None:
            self.connection, self.key = connection, key
        else:
            connection.close()


_idle_connection = _IdleConnection()


@contextmanager
def read_connection(file: Path) -> Iterator[sqlite3.Connection]:
    """Yield a read-only connection to the MLflow store's SQLite file, with no open transaction.

    After the block the connection is cached for the next read of this thread; after an error it is closed.
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
