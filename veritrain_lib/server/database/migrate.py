"""Creation and migration of the server's own tables by Alembic.

Alembic keeps their revision in a version table of their own, separate from MLflow's.
"""

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
    """Error: the server's tables are missing, or their revision does not fit this version of Veri-Train."""


SCRIPTS = Path(__file__).parent / "migrations"
"""Folder of the migration scripts."""


def configuration(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration for the server's tables.

    Args:
        connection: Open database connection that the migration uses; None if only the scripts are read.
    """
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config


def upgrade(revision: str = "head") -> None:
    """Create or update the server's tables; in a new database MLflow's tables are created first.

    Args:
        revision: Revision to migrate to; `head` is the newest.
    """
    store.client()
    with engine().begin() as connection:
        command.upgrade(configuration(connection), revision)


def downgrade(to: str) -> None:
    """Undo migrations of the server's tables; MLflow's tables stay as they are.

    Args:
        to: Revision to go back to; `base` removes all tables of the server.
    """
    with engine().begin() as connection:
        command.downgrade(configuration(connection), to)


def newest() -> str:
    """Return the revision of the server's tables that this version of Veri-Train needs."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    assert head is not None
    return head


def current() -> str | None:
    """Return the revision of the server's tables in the database; None if the tables do not exist."""
    with engine().connect() as connection:
        return MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE}
        ).get_current_revision()


def check() -> None:
    """Check that the server's tables in the database have the revision that this version of Veri-Train needs.

    Raises:
        NotMigrated: They are missing or have another revision; the message names the command to run.
    """
    current_revision, newest_revision = current(), newest()
    if current_revision != newest_revision:
        raise NotMigrated(
            f"the server's tables are at revision {current_revision or 'none'}, this version needs {newest_revision}; "
            "run: veritrain migrate"
        )
