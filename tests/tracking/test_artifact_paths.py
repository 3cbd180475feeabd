"""Artifact URIs become folders of this machine, or None where the artifacts are stored elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from veritrain_lib.core import project
from veritrain_lib.tracking.artifact_paths import local_folder


def test_files_and_absolute_paths_are_folders_and_object_stores_are_not() -> None:
    assert local_folder("file:///a%20b/c") == Path("/a b/c")
    assert local_folder("/a/b") == Path("/a/b")
    assert local_folder("s3://bucket/a") is None


def test_what_the_servers_artifact_proxy_stored_is_in_the_projects_folder(home: Path) -> None:
    root = project.artifacts().resolve()
    assert local_folder("mlflow-artifacts:/2/models/m-1/artifacts") == root / "2/models/m-1/artifacts"
    for outside in (
        "mlflow-artifacts:/../x",
        "mlflow-artifacts:/2/../../.veritrain/ledger.db",
        "mlflow-artifacts:/",
    ):
        assert local_folder(outside) is None
    assert local_folder("mlflow-artifacts://elsewhere:5000/2/x") is None


def test_of_a_remote_server_nothing_is_in_the_projects_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert local_folder("mlflow-artifacts:/2/models/m-1/artifacts") is None
