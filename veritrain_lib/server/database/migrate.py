"""Our tables brought up to date by Alembic, with a version table of their own beside MLflow's."""

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
    """The server's tables are not there, or those of another version."""


SCRIPTS = Path(__file__).parent / "migrations"


def configuration(opened: Connection | None = None) -> Config:
    """Alembic's configuration, over a connection of ours."""
    made = Config()
    made.set_main_option("script_location", str(SCRIPTS))
    made.attributes["connection"] = opened
    return made


def upgrade(to: str = "head") -> None:
    """Make or change our tables; MLflow's are made first if the store is new."""
    store.client()
    with engine().begin() as opened:
        command.upgrade(configuration(opened), to)


def downgrade(to: str) -> None:
    """Take changes back, down to a revision or `base`; MLflow's tables stay as they are."""
    with engine().begin() as opened:
        command.downgrade(configuration(opened), to)


def newest() -> str:
    """The revision that this code was written for."""
    found = ScriptDirectory.from_config(configuration()).get_current_head()
    assert found is not None
    return found


def current() -> str | None:
    """The revision of the database, None before the first."""
    with engine().connect() as opened:
        return MigrationContext.configure(
            opened, opts={"version_table": VERSION_TABLE}
        ).get_current_revision()


def check() -> None:
    """Raise NotMigrated, with the command to run, when the tables are not those of this code."""
    there, wanted = current(), newest()
    if there != wanted:
        raise NotMigrated(
            f"the server's tables are at revision {there or 'none'}, this version needs {wanted}; "
            "run: veritrain migrate"
        )
