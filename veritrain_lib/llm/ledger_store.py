"""Databases that can hold the ledger of paid answers: SQLite for one machine, PostgreSQL for several machines.

Both run the same SQL, with `?` for each value. Writing transactions of all processes run one after another:
SQLite allows one writer, and in PostgreSQL every transaction takes the same lock. Claims and cost caps are
therefore exact even when several processes ask at the same moment.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from veritrain_lib.redaction import redact_passwords

TABLES = """
CREATE TABLE IF NOT EXISTS answers (
    digest TEXT PRIMARY KEY, status INTEGER NOT NULL, raw TEXT NOT NULL, request TEXT NOT NULL,
    endpoint TEXT NOT NULL, purpose TEXT NOT NULL, account TEXT NOT NULL, at DOUBLE PRECISION NOT NULL,
    seconds DOUBLE PRECISION NOT NULL, characters INTEGER NOT NULL, candidates INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
    cost DOUBLE PRECISION NOT NULL
){rowid};
CREATE TABLE IF NOT EXISTS claims (
    digest TEXT PRIMARY KEY, owner TEXT NOT NULL, account TEXT NOT NULL, reserved DOUBLE PRECISION NOT NULL,
    at DOUBLE PRECISION NOT NULL
){rowid};
CREATE TABLE IF NOT EXISTS lost (
    digest TEXT NOT NULL, account TEXT NOT NULL, reserved DOUBLE PRECISION NOT NULL, reason TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL
);
CREATE TABLE IF NOT EXISTS accounts (
    name TEXT PRIMARY KEY, paid DOUBLE PRECISION NOT NULL, lost DOUBLE PRECISION NOT NULL
){rowid};
CREATE INDEX IF NOT EXISTS lost_by_digest ON lost (digest);
CREATE INDEX IF NOT EXISTS answers_by_use ON answers (endpoint, purpose, at);
"""

SHARED_TABLES = """
CREATE TABLE IF NOT EXISTS owners (owner TEXT PRIMARY KEY, beat_at TIMESTAMPTZ NOT NULL);
CREATE TABLE IF NOT EXISTS tuning (
    key TEXT PRIMARY KEY, address TEXT NOT NULL, base TEXT NOT NULL, file_id TEXT, intended DOUBLE PRECISION,
    job_id TEXT, status TEXT, model TEXT, trained_tokens BIGINT, cost DOUBLE PRECISION, changed DOUBLE PRECISION NOT NULL
);
"""
"""SQL of the tables that only a shared ledger has.

They hold the fine-tuning jobs, and the heartbeats of processes that have requests in flight.
"""

SCHEMA = "veritrain_ledger"
"""Name of the PostgreSQL schema that contains the ledger's tables."""

LOCK_TIMEOUT_S = 25.0
"""Seconds to wait for another process's lock on the SQLite file before giving up."""

AWAY_S = 120.0
"""Seconds for which PostgreSQL may be unreachable, for example during a restart, before an operation gives up."""

SILENT_S = 60.0
"""Seconds without a heartbeat after which a process on another machine with requests in flight counts as dead."""

KEPT_HOURS = 24
"""Hours after which the last heartbeat of a dead process is deleted."""

PERMANENT = ("does not exist", "authentication failed", "no password supplied", "pg_hba.conf", "certificate")
"""Parts of PostgreSQL error messages about a connection that no waiting will repair, such as a wrong password."""

BEAT_SQL = """
INSERT INTO owners VALUES (?, clock_timestamp()) ON CONFLICT (owner) DO UPDATE SET beat_at = excluded.beat_at
"""

SILENT_SQL = """
SELECT owner FROM owners WHERE beat_at < clock_timestamp() - make_interval(secs => ?)
AND pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => ?)
"""


class Rows(Protocol):
    """Protocol of the result of an SQL statement."""

    @property
    def rowcount(self) -> int:
        """The number of database rows that the SQL statement changed."""

    def fetchone(self) -> Any:
        """Return the next row of the SQL result; None when there are no more."""

    def fetchall(self) -> list[Any]:
        """Return all remaining rows of the SQL result."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """Protocol of a connection to a ledger's database in autocommit mode: the caller begins transactions explicitly."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows:
        """Run an SQL statement that contains `?` for each value, and return its result."""

    def close(self) -> None:
        """Close the connection to the ledger's database."""


class LedgerStore(Protocol):
    """Protocol of a database that holds the ledger of paid answers.

    Attributes:
        name: Path of the file, or the database URL without its password, for messages.
        shared: Whether other machines use it too, so that claims need heartbeats.
    """

    name: str
    shared: bool

    def connect(self) -> Connection:
        """Open a connection to the ledger's database, and create its tables where they are missing."""

    def begin(self, connection: Connection) -> None:
        """Begin a transaction that excludes every other write to the ledger until it ends."""

    def is_fault(self, error: BaseException) -> bool:
        """Return whether an error comes from the database or the disk, rather than from a mistake in the code."""

    def is_away(self, error: BaseException) -> bool:
        """Return whether an error means that the database can't be reached for now, so a retry makes sense."""

    def beat(self, connection: Connection, owners: Iterable[str]) -> None:
        """Write a heartbeat, which shows other machines that some owners of claims are alive.

        Args:
            connection: Connection to the ledger's database.
            owners: Names of the owners (see `owner`), each one batch of a process with requests in flight.
        """

    def silent_owners(self, connection: Connection) -> set[str]:
        """Return the names of processes, on any machine, whose heartbeats have stopped for `SILENT_S` seconds.

        They are owners of claims: each had requests in flight when its heartbeats stopped.
        """


class SqliteStore:
    """Ledger in an SQLite file of one machine; committed writes survive the death of the process (write-ahead log)."""

    shared = False

    def __init__(self, path: Path) -> None:
        self._path, self.name = path, str(path)

    def connect(self) -> Connection:
        """Open a connection to the SQLite file, and create the ledger's tables where they are missing."""
        connection = sqlite3.connect(
            self._path, timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        _enable_wal(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        existing = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'answers_by_use'")
        if not existing.fetchone()[0]:
            tables = TABLES.format(rowid=" WITHOUT ROWID")
            connection.executescript(f"BEGIN IMMEDIATE;{tables}COMMIT;")
        return connection

    def begin(self, connection: Connection) -> None:
        """Begin a transaction that holds SQLite's write lock."""
        connection.execute("BEGIN IMMEDIATE")

    def is_fault(self, error: BaseException) -> bool:
        """Return whether an error comes from SQLite or the disk, rather than from a mistake in the code."""
        return isinstance(error, sqlite3.Error | OSError)

    def is_away(self, error: BaseException) -> bool:
        """Return False: a local file that fails does not recover by waiting."""
        return False

    def beat(self, connection: Connection, owners: Iterable[str]) -> None:
        """Do nothing: all processes that use an SQLite file run on this machine, where no heartbeat is needed."""

    def silent_owners(self, connection: Connection) -> set[str]:
        """Return an empty set: on one machine `owner.is_alive` finds dead processes without heartbeats."""
        return set()


def _enable_wal(connection: sqlite3.Connection) -> None:
    """Switch an SQLite file to the write-ahead log; retry while it is locked.

    Processes that open a new file at the same time get the error `locked` here in spite of SQLite's timeout.

    Raises:
        sqlite3.OperationalError: The file is still locked after `LOCK_TIMEOUT_S` seconds, or another error
            occurred.
    """
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


class PostgresConnection:
    """Connection to PostgreSQL that accepts the ledger's SQL (with `?` for values) and uses the ledger's schema."""

    def __init__(self, url: str) -> None:
        import psycopg

        self._connection = psycopg.connect(
            url, autocommit=True, connect_timeout=10, options=f"-c search_path={SCHEMA}"
        )

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows:
        """Run an SQL statement that contains `?` for each value, and return its result.

        NUL characters, which PostgreSQL can't store in texts, are replaced by U+FFFD.
        """
        # No character NUL: PostgreSQL's texts can't hold it.
        values = [
            value.replace("\x00", "\ufffd") if isinstance(value, str) else value for value in parameters
        ]
        cursor: Rows = self._connection.execute(sql.replace("?", "%s").encode(), values or None)
        return cursor

    def close(self) -> None:
        """Close the connection to PostgreSQL."""
        self._connection.close()


class PostgresStore:
    """Ledger in a PostgreSQL database that several machines share: the tracking store's database, in its own schema."""

    shared = True

    def __init__(self, url: str) -> None:
        self._url, self.name = url, redact_passwords(url)

    def connect(self) -> Connection:
        """Open a connection to PostgreSQL, and create the ledger's schema and tables where they are missing."""
        connection = PostgresConnection(self._url)
        if connection.execute("SELECT to_regclass('tuning')").fetchone()[0] is None:
            tables = TABLES.format(rowid="") + SHARED_TABLES
            lock = "SELECT pg_advisory_xact_lock(hashtextextended('veritrain ledger', 0));"
            connection.execute(f"BEGIN; {lock} CREATE SCHEMA IF NOT EXISTS {SCHEMA}; {tables} COMMIT;")
        return connection

    def begin(self, connection: Connection) -> None:
        """Begin a transaction that holds the ledger's advisory lock and so excludes every other write to the ledger."""
        connection.execute("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('veritrain ledger', 0))")

    def is_fault(self, error: BaseException) -> bool:
        """Return whether an error comes from PostgreSQL or the network, rather than from a mistake in the code."""
        import psycopg

        return isinstance(error, psycopg.Error | OSError)

    def is_away(self, error: BaseException) -> bool:
        """Return whether an error means that PostgreSQL can't be reached for now.

        An error that contains one of the texts in `PERMANENT` does not count.
        """
        import psycopg

        lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return lost and not any(part in str(error) for part in PERMANENT)

    def beat(self, connection: Connection, owners: Iterable[str]) -> None:
        """Write a heartbeat for each given owner of claims, and delete heartbeats older than `KEPT_HOURS` hours.

        Args:
            connection: Connection to PostgreSQL.
            owners: Names of the owners (see `owner`), each one batch of a process with requests in flight.
        """
        connection.execute(
            "DELETE FROM owners WHERE beat_at < clock_timestamp() - make_interval(hours => ?)", [KEPT_HOURS]
        )
        for owner in owners:
            connection.execute(BEAT_SQL, [owner])

    def silent_owners(self, connection: Connection) -> set[str]:
        """Return the names of processes without a heartbeat for `SILENT_S` seconds.

        In the first `SILENT_S` seconds after the database has started, the set is empty, so that every
        process has time for a new heartbeat.
        """
        return {row[0] for row in connection.execute(SILENT_SQL, [SILENT_S, SILENT_S])}


def roll_back(connection: Connection) -> None:
    """Roll back a transaction; do nothing if its connection no longer works."""
    with contextlib.suppress(Exception):
        connection.execute("ROLLBACK")
