"""The health route says the truth."""

from __future__ import annotations

import shutil
from pathlib import Path

from starlette.testclient import TestClient

from veritrain_lib.server.database import migrate


def test_all_is_well(server: TestClient) -> None:
    found = server.get("/api/v1/health")
    assert found.status_code == 200
    assert found.json()["status"] == "healthy"
    assert found.json()["service"] == "veritrain"
    assert set(found.json()["checks"].values()) == {"ok"}


def test_tables_of_another_version_are_unwell_and_the_process_lives(server: TestClient) -> None:
    assert server.get("/api/v1/health/ready").status_code == 200
    migrate.downgrade("base")
    found = server.get("/api/v1/health")
    assert found.status_code == 503
    assert server.get("/api/v1/health/ready").json() == found.json()
    assert server.get("/api/v1/health/live").json()["status"] == "alive"
    assert found.json()["status"] == "unhealthy"
    assert found.json()["checks"] == {"database": "ok", "tables": "failed", "artifacts": "ok"}


def test_files_that_can_not_be_stored_are_unwell(server: TestClient, home: Path) -> None:
    shutil.rmtree(home / "mlruns", ignore_errors=True)
    (home / "mlruns").write_text("in the way")
    found = server.get("/api/v1/health")
    assert found.status_code == 503
    assert found.json()["checks"]["artifacts"] == "failed"
    assert str(home) not in found.text
