"""A lock by which processes open a PostgreSQL store one after another, so that MLflow's migrations never overlap."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

LOCK_NAME = "veritrain opens the store"
"""Text from which PostgreSQL computes the number of the advisory lock."""


@contextmanager
def one_at_a_time(address: str) -> Iterator[None]:
    """Hold a database lock while a PostgreSQL store is opened in the block; do nothing for other stores.

    Args:
        address: The store's tracking URI.
    """
    if not address.startswith("postgresql"):
        yield
        return
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    engine = create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # It ends with the connection, whatever ends that.
        connection.execute(text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), {"name": LOCK_NAME})
        yield
