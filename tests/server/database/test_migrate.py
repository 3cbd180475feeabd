"""Our tables stand beside MLflow's in one database: made, compared and taken back without touching those."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from benchmarks.server_fill import fill
from tests.server.postgres import new_database
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.server.database import migrate
from veritrain_lib.server.database.session import engine, session
from veritrain_lib.server.database.tables import (
    PREFIX,
    VERSION_TABLE,
    BaseTable,
    Preference,
    Setting,
    Token,
    User,
    is_veritrain_table,
    now,
)
from veritrain_lib.tracking import store


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database of this test's own, on each kind."""
    if request.param == "sqlite":
        yield store.uri()
        return
    with new_database() as address:
        monkeypatch.setenv("DATABASE_URL", address)
        yield store.uri()
        engine().dispose()


def _tables() -> set[str]:
    return set(inspect(engine()).get_table_names())


def _count(table: str) -> int:
    with engine().connect() as opened:
        return int(opened.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def _write_rows() -> None:
    """Rows in every table of ours and, in the shape of a real record, in MLflow's."""
    fill(scale=0.005)
    with session() as opened:
        opened.add(User(id="u", email="a@b.c", password="x", role="admin"))
        opened.flush()
        opened.add(Token(id="t", user_id="u", kind="refresh", family="f", expires_at=now()))
        opened.add(Setting(section="general", content={"language": "ja"}))
        opened.add(Preference(user_id="u", content={"theme": "dark"}))


def test_nothing_is_left_to_generate_on_a_filled_store(database: str) -> None:
    migrate.upgrade()
    _write_rows()
    with engine().connect() as opened:
        context = MigrationContext.configure(
            opened,
            opts={"version_table": VERSION_TABLE, "include_object": is_veritrain_table, "compare_type": True},
        )
        assert compare_metadata(context, BaseTable.metadata) == []


def test_going_down_to_base_spares_what_is_mlflows(database: str) -> None:
    migrate.upgrade()
    theirs = {name for name in _tables() if not name.startswith(PREFIX)}
    _write_rows()
    counts = {name: _count(name) for name in ("runs", "tags", "model_versions", "alembic_version")}
    assert counts["runs"] > 40
    migrate.downgrade("base")
    assert {name for name in _tables() if name != VERSION_TABLE} == theirs
    assert {name: _count(name) for name in counts} == counts
    migrate.upgrade()
    assert migrate.current() == migrate.newest()
    assert _count("veritrain_users") == 0
    assert store.client().search_experiments()


def test_a_check_says_what_to_run(database: str) -> None:
    store.client()
    with pytest.raises(Infrastructure, match=r"revision none.*run: veritrain migrate"):
        migrate.check()
    migrate.upgrade()
    migrate.check()


def test_migrating_twice_changes_nothing(home: Path) -> None:
    migrate.upgrade()
    before = _tables()
    migrate.upgrade()
    assert _tables() == before
