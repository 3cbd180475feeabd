"""Sessions with our tables, in the same database as MLflow's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.tracking import store
from veritrain_lib.tracking.sqlite_engines import wait_for_writers


def engine() -> Engine:
    """The engine of the record's database. Raises Infrastructure where the record is a remote server."""
    address = store.uri()
    if store.is_remote():
        raise Infrastructure(
            f"the server needs MLflow's database, not another server ({store.shown()}); "
            "unset MLFLOW_TRACKING_URI, or set DATABASE_URL"
        )
    return _engine(address)


@cache
def _engine(address: str) -> Engine:
    made = create_engine(address, pool_pre_ping=not address.startswith("sqlite"))
    if address.startswith("sqlite"):
        event.listen(made, "connect", wait_for_writers)
    return made


@contextmanager
def session() -> Iterator[Session]:
    """A session that is committed at its end, or rolled back on an error."""
    with Session(engine(), expire_on_commit=False) as opened, opened.begin():
        yield opened
