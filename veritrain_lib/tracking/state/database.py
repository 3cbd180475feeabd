"""Database of Veri-Train's own tables that machines share: address, connections, and changes that exclude each other.

It is the tracking store's own database. If the tracking store is a server (`http://`), `DATABASE_URL` must name that
database; without it, claims are lock files and looks are MLflow tags, which suffices for a single machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.llm import keys
from veritrain_lib.tracking import address as addresses
from veritrain_lib.tracking import retrying_client, sqlite_settings, store

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

T = TypeVar("T")

NEEDED = (
    "machines that share work need one PostgreSQL database. Set DATABASE_URL=postgresql://USER:PASSWORD@HOST/NAME on "
    "each of them (docs/machines.md)"
)
"""End of the error message for a user whose tracking store can't be shared by several machines."""

READS_OPTION = "veritrain_reads"
"""Execution option of a SQLAlchemy connection that only reads, and so need not wait for SQLite's one writer."""

CONNECT_TIMEOUT_S = 10
"""Seconds to wait for a connection to a PostgreSQL server that does not answer."""


def address() -> str:
    """Return the SQLAlchemy URL of the database that holds Veri-Train's own tables.

    Returns:
        The URL; empty when the tracking store is a server and `DATABASE_URL` is not set.
    """
    record = store.uri()
    if not record.startswith(store.SERVER_SCHEMES):
        return record if record.startswith(("sqlite", "postgresql")) else ""
    return store.database_url(keys.project_setting("DATABASE_URL"))


def is_shared() -> bool:
    """Return whether Veri-Train's own tables are in PostgreSQL, so that machines can share the tracking store."""
    return address().startswith("postgresql")


def require_shared(purpose: str) -> None:
    """Check that Veri-Train's own tables are in PostgreSQL, which work on several machines needs.

    Args:
        purpose: Feature that needs it, as the beginning of a sentence, such as `the runner celery`.

    Raises:
        Infrastructure: The tables are not in PostgreSQL; the message says what to set.
    """
    if not is_shared():
        where = addresses.masked(address()) or f"{store.masked_uri()}, without DATABASE_URL"
        raise Infrastructure(f"{purpose} can't use this record ({where}): {NEEDED}")


def engine() -> Engine:
    """Return this process's SQLAlchemy engine for the database that holds Veri-Train's own tables.

    Raises:
        Infrastructure: No such database is known (see `address`).
    """
    url = address()
    if not url:
        require_shared("shared state")
    return engine_at(url)


def engine_at(url: str) -> Engine:
    """Return this process's SQLAlchemy engine for the database at a URL, set up as for Veri-Train's own tables."""
    return _engine(url, os.getpid())


@cache
def _engine(url: str, process: int) -> Engine:
    """Create an engine for one process; a forked process needs one with connections of its own.

    Args:
        url: URL of the database.
        process: Process id, which makes the cache return another engine in a forked process.
    """
    from sqlalchemy import create_engine, event

    if url.startswith("postgresql"):
        return create_engine(
            url, pool_size=2, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_TIMEOUT_S}
        )
    sqlite_engine = create_engine(url)
    event.listen(sqlite_engine, "connect", _configure_sqlite)
    event.listen(sqlite_engine, "begin", _begin_immediate)
    return sqlite_engine


def _configure_sqlite(connection: Any, record: object) -> None:
    sqlite_settings.configure_connection(connection, record)
    connection.isolation_level = None  # `_begin_immediate` begins the transactions


def _begin_immediate(connection: Connection) -> None:
    # A transaction that only asks for the write lock after it has read may find another's change there, and fail.
    reads = connection.get_execution_options().get(READS_OPTION)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def run(work: Callable[[Connection], T], *, wait: bool = True) -> T:
    """Run a function in a transaction on Veri-Train's own tables, and again while the database can't be reached.

    When a connection breaks, it is unknown whether the transaction was stored, so the function must do no harm when it
    runs twice.

    Args:
        work: The function, which receives the connection.
        wait: Whether to wait and repeat for up to `retrying_client.RETRY_S` seconds; False raises the error at once, as
            a heartbeat needs.

    Returns:
        What the function returned.

    Raises:
        Infrastructure: The database can't be reached for longer.
        SQLAlchemyError: The database can't be reached, and `wait` is False.
    """

    def once() -> T:
        with transaction() as connection:
            return work(connection)

    if not wait:
        return once()
    result: T = retrying_client.with_retries(once, address())
    return result


@contextmanager
def transaction() -> Iterator[Connection]:
    """Open a transaction on Veri-Train's own tables: committed at the end of the block, rolled back on an error."""
    from veritrain_lib.tracking.state import migrate

    with migrate.ensure().begin() as connection:
        yield connection


def run_exclusively(purpose: str, work: Callable[[Connection], T]) -> T:
    """Run a function in a transaction that overlaps no other transaction with the same purpose, on any machine.

    As with `run`, it is repeated from its start while the database can't be reached.

    Args:
        purpose: Name of what is changed, such as `looks`.
        work: The function, which receives the connection.

    Returns:
        What the function returned.
    """

    def locked(connection: Connection) -> T:
        lock(connection, purpose)
        return work(connection)

    return run(locked)


def lock(connection: Connection, purpose: str) -> None:
    """Keep other transactions with the same purpose waiting until this transaction ends.

    SQLite needs no such lock, because it has one writer at a time anyway.

    Args:
        connection: Connection with an open transaction.
        purpose: Name of what is changed, such as `looks`.
    """
    from sqlalchemy import text

    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:purpose, 0))"),
            {"purpose": f"veritrain {purpose}"},
        )
