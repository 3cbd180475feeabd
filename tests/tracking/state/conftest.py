"""A record in a PostgreSQL database of a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.postgres import new_database
from veritrain_lib.tracking import store
from veritrain_lib.tracking.state import database


@pytest.fixture
def shared(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty PostgreSQL database, which is the record of this test."""
    with new_database() as address:
        monkeypatch.setenv("DATABASE_URL", address)
        assert store.uri() == address
        yield address
        database.engine().dispose()
