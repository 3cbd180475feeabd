"""Files that a run stores in MLflow (artifacts): storing, listing and reading them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from veritrain_lib.tracking import lookup, manifest, missing_artifacts, store
from veritrain_lib.tracking.artifact_paths import local_folder
from veritrain_lib.tracking.retrying_client import RetryingClient

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

LOGGED = "mlflow.loggedArtifacts"
"""Tag of a run in which MLflow lists, as JSON, which of the run's artifacts are tables."""


def log_folder(run_id: str, folder: Path, artifact_path: str | None) -> None:
    """Store every file of a folder as artifacts of a run under `artifact_path` (None: at the top level)."""
    _artifact_repository(run_id).log_artifacts(str(folder), artifact_path)  # type: ignore[no-untyped-call]


def log_file(run_id: str, file: Path, artifact_path: str | None = None) -> None:
    """Store one file as an artifact of a run under `artifact_path` (None: at the top level)."""
    _artifact_repository(run_id).log_artifact(str(file), artifact_path)  # type: ignore[no-untyped-call]


def _artifact_repository(run_id: str) -> ArtifactRepository:
    """Return MLflow's artifact repository for a run, the object that stores and lists the run's files.

    It is opened directly, because MLflow's client would first load the complete run with several queries. Its calls are
    repeated while the store can't be reached.
    """
    store.client()  # sets MLflow up
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository = get_artifact_repository(lookup.get(run_id).info.artifact_uri, tracking_uri=store.uri())
    # Storing a file again gives the same result, so every call may be retried.
    return cast("ArtifactRepository", RetryingClient(repository, store.uri()))


def write_manifest(run_id: str) -> None:
    """Write `files.json`, the list of the files that a stage's run has stored, into the run's artifacts.

    `missing_files.missing` uses the list to detect lost files. Nothing is written when the artifacts are not on this
    machine.
    """
    folder = local_folder(lookup.get(run_id).info.artifact_uri)
    if folder is not None:
        manifest.write(folder, "result", "dataset", "gate")


def log_table(run_id: str, rows: pd.DataFrame, name: str) -> None:
    """Store a table as a JSON artifact `name` of a run; the MLflow UI shows it, also in its evaluation view."""
    log_tables(run_id, {name: rows})


def log_tables(run_id: str, tables: Mapping[str, pd.DataFrame]) -> None:
    """Store tables, given by file name, as artifacts of a run, and register them in the run's list of tables.

    The result is the same as one call of MLflow's `log_table` for each table, with fewer requests.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in tables.items():
            # MLflow reads pandas' text type in a way that pandas will remove, and does not support missing values.
            nullable = rows.astype(object).where(rows.notna(), None)
            nullable.to_json(Path(folder) / name, orient="split", index=False, date_format="iso")
        log_folder(run_id, Path(folder), None)
    logged = json.loads(lookup.get(run_id).data.tags.get(LOGGED, "[]"))
    added = [entry for name in tables if (entry := {"path": name, "type": "table"}) not in logged]
    if added:
        store.client().set_tag(run_id, LOGGED, json.dumps(logged + added))


def artifact_names(run_id: str, artifact_path: str) -> list[str]:
    """Return the artifact paths of the files and folders that a run has directly below `artifact_path`."""
    folder = local_folder(lookup.get(run_id).info.artifact_uri)
    if folder is not None:
        return [f"{artifact_path}/{file.name}" for file in sorted((folder / artifact_path).glob("*"))]
    return [str(item.path) for item in store.client().list_artifacts(run_id, artifact_path)]


def fetch(run_id: str, artifact_path: str, destination: Path) -> Path:
    """Return a local path from which an artifact folder or file of a run can be read; never write to it.

    Args:
        run_id: Id of the run.
        artifact_path: Path of the file or folder among the run's artifacts.
        destination: Folder for a download. Artifacts on this machine are read in place instead.

    Raises:
        MissingArtifact: The artifact does not exist.
    """
    run = lookup.get(run_id)
    folder = local_folder(run.info.artifact_uri)
    if folder is not None and (folder / artifact_path).exists():
        return folder / artifact_path
    client = store.client()
    from mlflow.exceptions import MlflowException

    try:
        return Path(client.download_artifacts(run_id, artifact_path, str(destination)))
    except (MlflowException, FileNotFoundError) as error:
        raise missing_artifacts.missing_file(run, artifact_path) from error


__all__ = ["fetch", "local_folder", "log_file", "log_folder", "log_table", "log_tables", "write_manifest"]
