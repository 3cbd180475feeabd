"""Connections to a SQLite file that are only read through, kept from one look to the next, one for each thread."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

WAIT_S = 20.0
"""How long to wait for a writer, as MLflow does."""


class _Idle(threading.local):
    """The connection that this thread looked through last: opening one reads MLflow's whole schema, 1 ms."""

    connection: sqlite3.Connection | None = None
    what: tuple[object, ...] = ()
    """The process that opened it, and the file that it is a connection to."""
    inherited: tuple[sqlite3.Connection, ...] = ()
    """A parent's, which a fork must neither use nor close."""

    def take(self, what: tuple[object, ...]) -> sqlite3.Connection | None:
        """The connection, if it is to `what`; nobody else gets it until it is kept again."""
        opened, self.connection = self.connection, None
        if opened is None or self.what == what:
            return opened
        if self.what[0] == os.getpid():
            opened.close()
        else:
            self.inherited += (opened,)
        return None

    def keep(self, opened: sqlite3.Connection, what: tuple[object, ...]) -> None:
        """Keep a connection for the next look; a look within this one has left its own."""
        if self.connection is None:
            self.connection, self.what = opened, what
        else:
            opened.close()


_idle = _Idle()


@contextmanager
def taken(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a file, with no transaction open; kept for the next look unless something went wrong."""
    seen = os.stat(file)
    what = (os.getpid(), str(file), seen.st_dev, seen.st_ino)
    # Read only: a half-written change that a killed process left must be undone by a writer, not from here.
    opened = _idle.take(what) or sqlite3.connect(
        f"file:{quote(str(file))}?mode=ro", uri=True, timeout=WAIT_S, isolation_level=None
    )
    try:
        yield opened
        opened.execute("ROLLBACK")
    except BaseException:
        opened.close()
        raise
    _idle.keep(opened, what)
