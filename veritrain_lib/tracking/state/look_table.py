"""Table of looks, the counted comparisons of models on held-out test sets: reading and writing its rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.tracking import address as addresses
from veritrain_lib.tracking import connection_cache
from veritrain_lib.tracking.retrying_client import with_retries
from veritrain_lib.tracking.state import database

if TYPE_CHECKING:
    from sqlalchemy import Connection

FIELDS = ("test", "number", "champion", "challenger", "purpose", "task", "plan", "at")
LOOKS_SQL = f"SELECT {', '.join(FIELDS)} FROM veritrain_state_looks ORDER BY id"  # no value in it
ROWS_SQL = "SELECT test, row_digests FROM veritrain_state_look_rows ORDER BY id"


@dataclass(frozen=True)
class StoredLooks:
    """All looks (comparisons of models on held-out test sets) in the database, and the rows that they used.

    Attributes:
        looks: Fields of each look (see `looks.Look`).
        rows: Digests of the test rows that were used, by digest of the test file.
    """

    looks: Sequence[Mapping[str, Any]]
    rows: Mapping[str, set[str]]


def read() -> StoredLooks:
    """Return all stored looks (comparisons on held-out test sets); none without a database or before its first look."""
    url = database.address()
    if not url:
        return StoredLooks([], {})
    looks, shown = _read_sqlite(url) if url.startswith("sqlite") else _read_postgresql()
    rows: dict[str, set[str]] = {}
    for test, digests in shown:
        rows.setdefault(test, set()).update(digests.split())
    return StoredLooks([_fields(row) for row in looks], rows)


def _fields(row: Sequence[Any]) -> dict[str, Any]:
    fields = dict(zip(FIELDS, row, strict=True))
    if isinstance(fields["plan"], str):
        fields["plan"] = json.loads(fields["plan"])
    return fields


def _read_sqlite(url: str) -> tuple[list[Any], list[Any]]:
    """Return the database rows of looks, and of the test rows that they used, from a SQLite file.

    Python's own driver reads them, so that `veritrain status` need not import SQLAlchemy.
    """
    file = addresses.sqlite_path(url)
    if file is None or not file.is_file():
        return [], []
    with connection_cache.read_connection(file) as connection:
        connection.execute("BEGIN")
        if not _has_table(connection):
            return [], []
        return connection.execute(LOOKS_SQL).fetchall(), connection.execute(ROWS_SQL).fetchall()


def _has_table(connection: sqlite3.Connection) -> bool:
    sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'veritrain_state_looks'"
    return connection.execute(sql).fetchone() is not None


def _read_postgresql() -> tuple[list[Any], list[Any]]:
    from sqlalchemy import inspect, text

    def read_tables() -> tuple[list[Any], list[Any]]:
        with database.engine().connect() as connection:
            if not inspect(connection).has_table("veritrain_state_looks"):
                return [], []
            looks = connection.execute(text(LOOKS_SQL)).all()
            return list(looks), list(connection.execute(text(ROWS_SQL)).all())

    stored: tuple[list[Any], list[Any]] = with_retries(read_tables, database.address())
    return stored


def write(connection: Connection, look: Mapping[str, Any], rows: Sequence[str]) -> None:
    """Write a look (a comparison of models on a held-out test set) and its test rows in the caller's transaction.

    Args:
        connection: Connection from `database.run_exclusively`.
        look: Fields of a `looks.Look`.
        rows: Digest of each row of the test set.
    """
    from sqlalchemy import select

    from veritrain_lib.tracking.state.tables import LOOK_ROWS, LOOKS

    rows_digest = digest.of_json(sorted(set(rows)))
    stored = select(LOOK_ROWS.c.id).where(
        LOOK_ROWS.c.test == look["test"], LOOK_ROWS.c.rows_digest == rows_digest
    )
    if connection.scalar(stored) is None:
        values = {"test": look["test"], "rows_digest": rows_digest, "row_digests": " ".join(rows)}
        connection.execute(LOOK_ROWS.insert().values(values))
    connection.execute(LOOKS.insert().values(dict(look)))
