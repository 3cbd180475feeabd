"""A server of its own for each test that asks for one: in this process by HTTP calls, over an empty record."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.server.documented import hold
from tests.server.linked import bearer

SECRET = "a secret of the tests that is long enough"  # for tests only


@pytest.fixture(autouse=True)
def _no_scan_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server scans its process for garbage when it starts; here that is all that the tests have imported."""
    from veritrain_lib.server import app

    monkeypatch.setattr(app, "_freeze_imports", contextlib.nullcontext)


@pytest.fixture
def home(tmp_path: Path, new_home: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty project, with no server setting of the machine's."""
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_ORIGINS", "ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    from veritrain_lib.tracking import mlflow_server

    home = new_home(tmp_path / "home")
    for name in mlflow_server.environment():
        monkeypatch.setenv(name, "")  # remembered, so that what a server of this process sets is taken back
        monkeypatch.delenv(name)
    _forget_stores(monkeypatch)
    yield home
    from veritrain_lib.server.database import session
    from veritrain_lib.tracking import store, tables

    for room in (tables, session):  # or the files of every test's record would stay open
        room._engine(store.uri()).dispose()


def _forget_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's server keeps its store for as long as its process lives; here each test has a store of its own."""
    import mlflow.server.handlers as theirs

    for name in ("_tracking_store", "_model_registry_store", "_artifact_repo"):
        if hasattr(theirs, name):
            monkeypatch.setattr(theirs, name, None)


@pytest.fixture
def server(home: Path) -> Iterator[TestClient]:
    """A server without a login over the project `home`."""
    with _client() as client:
        yield client


@pytest.fixture
def guarded_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A server with SECRET_KEY set: everything needs a login."""
    monkeypatch.setenv("SECRET_KEY", SECRET)
    with _client() as client:
        yield client


def _client() -> TestClient:
    from veritrain_lib.server.app import create_app
    from veritrain_lib.server.database import migrate
    from veritrain_lib.server.environment import environment

    environment.cache_clear()
    migrate.upgrade()
    headers = {} if environment().needs_login else bearer()
    return hold(
        TestClient(
            create_app(), base_url="http://127.0.0.1:8000", headers=headers, raise_server_exceptions=False
        )
    )
