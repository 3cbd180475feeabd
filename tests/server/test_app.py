"""The server's shape: what answers which path."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from veritrain_lib.server.app import create_app
from veritrain_lib.server.database import migrate
from veritrain_lib.server.environment import environment


def test_mlflow_answers_beside_the_api(server: TestClient) -> None:
    found = server.post("/api/2.0/mlflow/experiments/search", json={"max_results": 5})
    assert found.status_code == 200, found.text
    assert [one["name"] for one in found.json()["experiments"]] == ["Default"]
    assert "<!doctype html>" in server.get("/").text[:200].lower()


def test_the_documents_load_nothing_from_elsewhere(server: TestClient) -> None:
    for page in ("docs", "redoc"):
        found = server.get(f"/api/v1/{page}")
        assert found.status_code == 200
        assert "://" not in found.text.replace("http://www.w3.org", "")
    assert server.get("/api/v1/docs-assets/swagger-ui-bundle.js").status_code == 200


def test_over_tables_that_are_not_migrated_every_answer_says_what_to_run(home: Path) -> None:
    environment.cache_clear()
    with TestClient(create_app(), base_url="http://127.0.0.1:8000") as client:
        for method, path in (
            ("GET", "/"),
            ("GET", "/api/v1/health"),
            ("POST", "/api/v1/models"),
            ("GET", "/a%0Ab"),
        ):
            found = client.request(method, path)
            assert (found.status_code, found.headers["content-type"]) == (503, "application/problem+json")
            assert "run: veritrain migrate" in found.json()["detail"]
        with (
            pytest.raises(WebSocketDenialResponse) as refused,
            client.websocket_connect("ws://127.0.0.1:8000/socket.io/?EIO=4&transport=websocket"),
        ):
            pass
        assert refused.value.status_code == 503
    migrate.upgrade()
    with TestClient(create_app(), base_url="http://127.0.0.1:8000") as client:
        assert client.get("/api/v1/health").status_code == 200
