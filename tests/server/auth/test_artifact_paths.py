"""MLflow's artifact proxy gives and takes files of experiments, and nothing else of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.auth.conftest import Guarded

PROXY = "/api/2.0/mlflow-artifacts/artifacts"

PATHS = (
    "ledger.db", "fine_tuning.db", ".events/x.jsonl", ".running/x", "lora/x", ".gitkeep", ".veritrain/ledger.db", "unknown/x",
    "./ledger.db", ".//.running/x", "%2e/ledger.db", "ledger.db/", "%6cedger.db", "%256cedger.db",
)  # fmt: skip


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
@pytest.mark.parametrize("path", PATHS)
def test_what_is_no_experiments_is_not_there(guarded: Guarded, role: str, path: str) -> None:
    client = guarded.signed_in(role)
    for way in (PROXY, PROXY.replace("/api/", "/ajax-api/")):
        assert client.get(f"{way}/{path}").status_code == 404
        assert client.get(way, params={"path": path}).status_code == 404
        assert client.get(f"{way}?path=0&path={path}").status_code == 404
        if role != "viewer":
            assert client.put(f"{way}/{path}", content=b"x").status_code == 404
            assert client.delete(f"{way}/{path}").status_code == 404
    assert client.get(PROXY).status_code == 404
    assert not (Path(guarded.home) / "mlruns" / "ledger.db").exists()


def test_an_experiments_files_are_there_at_once(guarded: Guarded) -> None:
    editor = guarded.signed_in("editor")
    body = {"name": "fresh", "artifact_location": "mlflow-artifacts:/fresh-folder"}
    assert editor.put(f"{PROXY}/fresh-folder/a.txt", content=b"x").status_code == 404
    assert editor.post("/api/2.0/mlflow/experiments/create", json=body).status_code == 200
    assert editor.put(f"{PROXY}/fresh-folder/a.txt", content=b"x").status_code == 200
    assert editor.get(PROXY, params={"path": "fresh-folder"}).json()["files"][0]["path"] == "a.txt"
