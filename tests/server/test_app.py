"""The server's shape: what answers which path."""

from __future__ import annotations

from starlette.testclient import TestClient


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
