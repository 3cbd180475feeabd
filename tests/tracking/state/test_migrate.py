"""Our shared tables: made at first use, the same as by migrations, by any number of processes at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from tests.server.postgres import new_database
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.tracking import store
from veritrain_lib.tracking.state import database, look_table, migrate
from veritrain_lib.tracking.state.tables import METADATA, REVISION, VERSIONS

ENSURE = "from veritrain_lib.tracking.state import migrate; migrate.ensure()"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database on each kind, without MLflow's tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'other.db'}"
        return
    with new_database() as address:
        yield address


def test_migrations_make_the_tables_that_the_code_defines(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        config = migrate.configuration(connection)
        assert ScriptDirectory.from_config(config).get_current_head() == REVISION
        command.upgrade(config, "head")
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSIONS.name, "compare_type": True}
        )
        assert compare_metadata(context, METADATA) == []
        assert migrate.current(connection) == REVISION
    engine.dispose()


def test_the_first_use_makes_them_beside_mlflows(home: Path) -> None:
    assert look_table.read().looks == [], "reading makes nothing"
    migrate.ensure()
    with database.engine().connect() as connection:
        assert migrate.current(connection) == REVISION
        assert set(METADATA.tables) <= set(inspect(connection).get_table_names())
    assert store.client().search_experiments()


def test_tables_of_an_earlier_version_are_brought_up_to_date(home: Path) -> None:
    store.client()
    with database.engine().begin() as connection:
        command.upgrade(migrate.configuration(connection), "0001")
    migrate.ensure()
    with database.engine().connect() as connection:
        assert migrate.current(connection) == REVISION
        assert set(METADATA.tables) <= set(inspect(connection).get_table_names())


def test_tables_of_a_newer_version_are_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate.ensure()
    with database.transaction() as connection:
        connection.execute(text(f"UPDATE {VERSIONS.name} SET version_num = '9999'"))
    monkeypatch.setattr(migrate, "_ready", set())
    with pytest.raises(Infrastructure, match=r"revision 9999.*update Veri-Train"):
        migrate.ensure()


@pytest.mark.slow
def test_processes_that_start_at_once_on_an_empty_database_all_come_up(tmp_path: Path) -> None:
    with new_database() as address:
        environment = {
            **os.environ, "DATABASE_URL": address, "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
            "VERITRAIN_HOME": str(tmp_path),
        }  # fmt: skip
        several = [subprocess.Popen([sys.executable, "-c", ENSURE], env=environment) for _ in range(16)]
        assert [process.wait() for process in several] == [0] * 16


def test_a_server_without_the_database_is_told_what_to_set(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert database.address() == ""
    with pytest.raises(Infrastructure, match=r"Set DATABASE_URL=postgresql:"):
        database.require_shared("the runner celery")
