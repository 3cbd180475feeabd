"""Database sessions with our tables, in the same database as MLflow's."""

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
    """Return the engine of the record's database.

    Raises:
        Infrastructure: The record is a remote server.
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
    new_engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if url.startswith("sqlite"):
        event.listen(new_engine, "connect", configure_connection)
    return new_engine


@contextmanager
def session() -> Iterator[Session]:
    """Yield a session that is committed at its end, or rolled back on an error."""
    with Session(engine(), expire_on_commit=False) as new_session, new_session.begin():
        yield new_session
