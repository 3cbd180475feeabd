"""Creation and migration of Veri-Train's own database tables, when a process first uses a database.

An empty database gets the tables as `tables.py` defines them, without Alembic, whose import would take longer than
creating the tables. Tables of an earlier revision are migrated by Alembic. Processes that start at the same time do
this one after another.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.tracking import store
from veritrain_lib.tracking.state import database

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, Engine

SCRIPTS = Path(__file__).parent / "migrations"
"""Folder of the Alembic migrations."""

_ready: set[Engine] = set()
"""Engine of each database whose tables this process knows to be up to date."""


def ensure() -> Engine:
    """Create or migrate Veri-Train's own tables unless they are up to date; MLflow creates its own tables first.

    Returns:
        This process's engine for the database.

    Raises:
        Infrastructure: The tables belong to a newer version of Veri-Train.
    """
    from veritrain_lib.tracking.state.tables import REVISION

    engine = database.engine()
    if engine in _ready:
        return engine
    if not store.is_remote():
        store.client()
    with engine.connect() as connection:
        revision = current(connection)
    if revision != REVISION:
        with engine.begin() as connection:
            database.lock(connection, "migration of shared tables")
            _bring_up_to_date(connection)
    _ready.add(engine)
    return engine


def current(connection: Connection) -> str | None:
    """Return the Alembic revision of Veri-Train's own tables in a database; None where there are no tables."""
    from sqlalchemy import inspect, select

    from veritrain_lib.tracking.state.tables import VERSIONS

    if not inspect(connection).has_table(VERSIONS.name):
        return None
    revision: str | None = connection.scalar(select(VERSIONS.c.version_num))
    return revision


def _bring_up_to_date(connection: Connection) -> None:
    from veritrain_lib.tracking.state.tables import METADATA, REVISION, VERSIONS

    revision = current(connection)
    if revision is None:
        VERSIONS.create(connection, checkfirst=True)
        METADATA.create_all(connection)
        connection.execute(VERSIONS.insert().values(version_num=REVISION))
    elif revision != REVISION:
        _migrate(connection, revision)


def _migrate(connection: Connection, revision: str) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = configuration(connection)
    try:
        ScriptDirectory.from_config(config).get_revision(revision)
    except CommandError as error:
        raise Infrastructure(
            f"the record's shared tables are at revision {revision}, which this version of Veri-Train does not know; "
            "update Veri-Train on this machine"
        ) from error
    command.upgrade(config, "head")


def configuration(connection: Connection) -> Config:
    """Return an Alembic configuration for Veri-Train's own tables that uses an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config
