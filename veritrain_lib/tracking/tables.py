"""MLflow's own tables, and connections to read them by: what every list of a long record is asked with.

They are MLflow's own models' tables, so a list is always what the record says; nothing is kept beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from veritrain_lib.tracking import store

if TYPE_CHECKING:
    from sqlalchemy import FromClause
    from sqlalchemy.engine import Connection, Engine

MAPPED_BYTES = 1 << 30
"""How much of a SQLite file is read through memory: every page of a record of 100,000 runs."""


@dataclass(frozen=True)
class Tables:
    """The tables, for SQLAlchemy's core: its ORM would take longer to build a question than a database to answer it."""

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
    """MLflow's tables; of metrics the one with the newest value of each."""
    from mlflow.store.model_registry.dbmodels import models as registry
    from mlflow.store.tracking.dbmodels import models as tracking

    return Tables(
        tracking.SqlExperiment.__table__, tracking.SqlExperimentTag.__table__, tracking.SqlRun.__table__,
        tracking.SqlTag.__table__, tracking.SqlParam.__table__, tracking.SqlLatestMetric.__table__,
        registry.SqlModelVersion.__table__, registry.SqlModelVersionTag.__table__,
        registry.SqlRegisteredModelAlias.__table__,
    )  # fmt: skip


def connect() -> Connection:
    """A connection for one consistent look; close it."""
    store.client()  # the tables are there once MLflow has opened its store
    return _engine(store.uri()).connect()


@cache
def _engine(address: str) -> Engine:
    from sqlalchemy import create_engine, event

    from veritrain_lib.tracking.sqlite_engines import wait_for_writers

    # A server asks from many threads; a list is one short read.
    made = create_engine(
        address, pool_size=8, max_overflow=16, pool_pre_ping=not address.startswith("sqlite")
    )
    if address.startswith("sqlite"):
        event.listen(made, "connect", wait_for_writers)
        event.listen(made, "connect", _map_file)
    return made


def _map_file(connection: Any, _: object) -> None:
    # A list looks at tags all over the file: more pages than SQLite's own cache of 2 MB has room for, and
    # every write of another process empties that.
    connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")


def of_task_like(experiment_id: Any, part: str) -> Any:
    """Whether an experiment, by the column of its id, is a task's whose name has a part in it, whatever its case.

    Each run says its task too, but there are few tasks and many runs.
    """
    from sqlalchemy import select

    tags = tables().experiment_tags.c
    named = select(tags.experiment_id).where(tags.key == "veritrain.task", contains(tags.value, part))
    return experiment_id.in_(named)


def contains(column: Any, part: str) -> Any:
    """Whether a text has a part in it, whatever its case."""
    plain = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    # SQLite's LIKE knows no case anyway; lowering both sides first would only take time.
    like = column.like if store.uri().startswith("sqlite") else column.ilike
    return like(f"%{plain}%", escape="\\")
