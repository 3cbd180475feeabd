"""Files of a run: stored, and read again; in place when they lie on this machine."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from veritrain_lib.tracking import lookup, manifest, missing_artifacts, store
from veritrain_lib.tracking.artifact_paths import local_folder
from veritrain_lib.tracking.retrying_client import PatientClient

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

LOGGED = "mlflow.loggedArtifacts"
"""The tag in which MLflow keeps which of a run's files are tables."""


def log_folder(run_id: str, folder: Path, place: str | None) -> None:
    """Store every file of a folder as artifacts under `place` (None: at the top)."""
    _place_of(run_id).log_artifacts(str(folder), place)  # type: ignore[no-untyped-call]


def log_file(run_id: str, file: Path, place: str | None = None) -> None:
    """Store one file as an artifact."""
    _place_of(run_id).log_artifact(str(file), place)  # type: ignore[no-untyped-call]


def _place_of(run_id: str) -> ArtifactRepository:
    """Where a run's artifacts go. MLflow's client finds it too, but loads the whole run for it, piece by piece."""
    store.client()  # sets MLflow up
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    found = get_artifact_repository(lookup.get(run_id).info.artifact_uri, tracking_uri=store.uri())
    # The same file stored twice is the same file.
    return cast("ArtifactRepository", PatientClient(found, store.uri()))


def seal(run_id: str) -> None:
    """List what a stage's run has stored by now, so that what is lost later is seen (`lookup.missing`)."""
    folder = local_folder(lookup.get(run_id).info.artifact_uri)
    if folder is not None:
        manifest.write(folder, "result", "dataset", "gate")


def log_table(run_id: str, rows: pd.DataFrame, name: str) -> None:
    """Store a table so that the MLflow UI shows it, also in its evaluation view. `name` ends in `.json`."""
    log_tables(run_id, {name: rows})


def log_tables(run_id: str, tables: Mapping[str, pd.DataFrame]) -> None:
    """Store tables by file name, as MLflow's `log_table` would one by one; one stored before is replaced."""
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in tables.items():
            # MLflow reads pandas' own text type by a path that pandas is about to remove, and knows no missing value.
            plain = rows.astype(object).where(rows.notna(), None)
            plain.to_json(Path(folder) / name, orient="split", index=False, date_format="iso")
        log_folder(run_id, Path(folder), None)
    known = json.loads(lookup.get(run_id).data.tags.get(LOGGED, "[]"))
    new = [one for name in tables if (one := {"path": name, "type": "table"}) not in known]
    if new:
        store.client().set_tag(run_id, LOGGED, json.dumps(known + new))


def artifact_names(run_id: str, place: str) -> list[str]:
    """The paths of a run's artifacts right under a folder of them."""
    folder = local_folder(lookup.get(run_id).info.artifact_uri)
    if folder is not None:
        return [f"{place}/{one.name}" for one in sorted((folder / place).glob("*"))]
    return [str(one.path) for one in store.client().list_artifacts(run_id, place)]


def fetch(run_id: str, place: str, into: Path) -> Path:
    """A local path to read an artifact folder or file of a run from; never to write to.

    That is where it lies when it lies on this machine, else it is brought to `into`. Raises Gone when it is not there.
    """
    run = lookup.get(run_id)
    folder = local_folder(run.info.artifact_uri)
    if folder is not None and (folder / place).exists():
        return folder / place
    talk = store.client()
    from mlflow.exceptions import MlflowException

    try:
        return Path(talk.download_artifacts(run_id, place, str(into)))
    except (MlflowException, FileNotFoundError) as error:
        raise missing_artifacts.of_run(run, place) from error


__all__ = ["fetch", "local_folder", "log_file", "log_folder", "log_table", "log_tables", "seal"]
