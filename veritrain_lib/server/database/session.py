"""SQLAlchemy engine and sessions for the server's own tables, which are in the same database as MLflow's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.tracking import store
from veritrain_lib.tracking.sqlite_settings import configure_connection


def engine() -> Engine:
    """Return the SQLAlchemy engine of the database that holds MLflow's tables and the server's own.

    Raises:
        Infrastructure: The tracking store is another MLflow server, whose database can't be reached from here.
    """
    url = store.uri()
    if store.is_remote():
        raise Infrastructure(
            f"the server needs MLflow's database, not another server ({store.masked_uri()}); "
            "unset MLFLOW_TRACKING_URI, or set DATABASE_URL"
        )
    return _engine(url)


@cache
def _engine(url: str) -> Engine:
    """Return the SQLAlchemy engine of a database URL; it is created once in each process."""
    new_engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if url.startswith("sqlite"):
        event.listen(new_engine, "connect", configure_connection)
    return new_engine


@contextmanager
def session() -> Iterator[Session]:
    """Open a database session; at the end of the context it is committed, or rolled back on an error."""
    with Session(engine(), expire_on_commit=False) as new_session, new_session.begin():
        yield new_session
