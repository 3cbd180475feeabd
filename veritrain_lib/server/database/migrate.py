"""Migrations of our tables by Alembic, with a version table separate from MLflow's."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.server.database.session import engine
from veritrain_lib.server.database.tables import VERSION_TABLE
from veritrain_lib.tracking import store


class NotMigrated(Infrastructure):
    """The server's tables are missing, or belong to another version."""


SCRIPTS = Path(__file__).parent / "migrations"


def configuration(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, over an open connection if one is passed."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config


def upgrade(revision: str = "head") -> None:
    """Create or change our tables; MLflow's are created first if the store is new."""
    store.client()
    with engine().begin() as connection:
        command.upgrade(configuration(connection), revision)


def downgrade(to: str) -> None:
    """Undo migrations down to a revision or `base`; MLflow's tables stay as they are."""
    with engine().begin() as connection:
        command.downgrade(configuration(connection), to)


def newest() -> str:
    """Return the revision that this code was written for."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    assert head is not None
    return head


def current() -> str | None:
    """Return the revision of the database, or None if there are no tables."""
    with engine().connect() as connection:
        return MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE}
        ).get_current_revision()


def check() -> None:
    """Check that the tables are those of this code.

    Raises:
        NotMigrated: They are not; the message names the command to run.
    """
    current_revision, newest_revision = current(), newest()
    if current_revision != newest_revision:
        raise NotMigrated(
            f"the server's tables are at revision {current_revision or 'none'}, this version needs {newest_revision}; "
            "run: veritrain migrate"
        )
