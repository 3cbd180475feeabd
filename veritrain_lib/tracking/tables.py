"""MLflow's database tables, and connections to read them with SQL, for all lists that are returned page by page.

The table definitions are MLflow's own, so a list always matches the store; nothing is stored twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from veritrain_lib.tracking import store

if TYPE_CHECKING:
    from sqlalchemy import FromClause
    from sqlalchemy.engine import Connection, Engine

MMAP_BYTES = 1 << 30
"""Maximum bytes of a SQLite file that are memory-mapped: enough for all pages of a store with 100,000 runs."""


@dataclass(frozen=True)
class Tables:
    """MLflow's tables as SQLAlchemy Core tables.

    They are used without SQLAlchemy's ORM, which takes longer to build a query than the database to answer it.
    """

    experiments: FromClause
    experiment_tags: FromClause
    runs: FromClause
    tags: FromClause
    params: FromClause
    metrics: FromClause
    versions: FromClause
    version_tags: FromClause
    aliases: FromClause


@cache
def tables() -> Tables:
    """Return MLflow's database tables; `metrics` is the table with the newest value of each metric."""
    from mlflow.store.model_registry.dbmodels import models as registry
    from mlflow.store.tracking.dbmodels import models as tracking

    return Tables(
        tracking.SqlExperiment.__table__, tracking.SqlExperimentTag.__table__, tracking.SqlRun.__table__,
        tracking.SqlTag.__table__, tracking.SqlParam.__table__, tracking.SqlLatestMetric.__table__,
        registry.SqlModelVersion.__table__, registry.SqlModelVersionTag.__table__,
        registry.SqlRegisteredModelAlias.__table__,
    )  # fmt: skip


def connect() -> Connection:
    """Return a connection to MLflow's database, whose reads see one consistent state; the caller closes it."""
    store.client()  # the tables are there once MLflow has opened its store
    return _engine(store.uri()).connect()


@cache
def _engine(address: str) -> Engine:
    from sqlalchemy import create_engine, event

    from veritrain_lib.tracking.sqlite_settings import configure_connection

    # A server queries from many threads; a list is one short read.
    engine = create_engine(
        address, pool_size=8, max_overflow=16, pool_pre_ping=not address.startswith("sqlite")
    )
    if address.startswith("sqlite"):
        event.listen(engine, "connect", configure_connection)
        event.listen(engine, "connect", _enable_mmap)
    return engine


def _enable_mmap(connection: Any, _: object) -> None:
    # A list reads tags all over the file: more pages than SQLite's own cache of 2 MB can hold, and every
    # write of another process clears that cache.
    connection.execute(f"PRAGMA mmap_size = {MMAP_BYTES}")


def task_name_contains(experiment_id: Any, part: str) -> Any:
    """Return the SQL condition that the name of an experiment's task contains a text (case-insensitive).

    The task's name is read from the experiment's tags, because there are far fewer experiments than runs.

    Args:
        experiment_id: SQL column of the experiment's id.
        part: The text.
    """
    from sqlalchemy import select

    tags = tables().experiment_tags.c
    matching = select(tags.experiment_id).where(tags.key == "veritrain.task", contains(tags.value, part))
    return experiment_id.in_(matching)


def contains(column: Any, part: str) -> Any:
    """Return the SQL condition that a column contains a text (case-insensitive)."""
    escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    # SQLite's LIKE is case-insensitive anyway; lowering both sides would only take time.
    like = column.like if store.uri().startswith("sqlite") else column.ilike
    return like(f"%{escaped}%", escape="\\")
