"""Access to the Parquet files of rows that several datasets share: the MLflow run that has a file, and its content."""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from veritrain_lib.tracking import artifacts, lookup, manifest, row_file
from veritrain_lib.tracking.artifact_paths import local_folder

if TYPE_CHECKING:
    import pyarrow as pa

    from veritrain_lib.tracking.entities import Run
    from veritrain_lib.tracking.row_layout import Part

FOLDER = "dataset"
"""Name of the artifact folder in which a run stores its dataset."""

ROWS_FILE = f"{FOLDER}/rows.parquet"
"""Artifact path of the file with a dataset's rows that no earlier dataset holds."""

DIGEST_TAG = "veritrain.dataset.stored"
"""Tag of a run: digest of the rows in its file `ROWS_FILE`."""

MAX_KEPT_BYTES = 256 * 2**20
"""Maximum bytes, as Arrow tables, of the files of rows that a process keeps in memory."""

_kept: OrderedDict[tuple[str, tuple[int, ...]], pa.Table] = OrderedDict()
_lock = Lock()


def find(parts: Sequence[Part], experiment_id: str) -> list[Run | None]:
    """Return for each file of rows an MLflow run that has it undamaged; None where no run has it.

    It is the run that the dataset's layout names. If that run was deleted or has lost the file, it is another run that
    stored the same rows.

    Args:
        parts: The files, as a dataset's layout describes them.
        experiment_id: Id of the MLflow experiment in which to look for runs with the same rows.
    """
    named = lookup.get_all([part.run for part in parts])
    return [
        run
        if (run := named.get(part.run)) and run.info.lifecycle_stage == "active" and _has_file(run)
        else _made_again(part, experiment_id)
        for part in parts
    ]


def _made_again(part: Part, experiment_id: str) -> Run | None:
    runs = lookup.search_experiment(experiment_id, f"tags.`{DIGEST_TAG}` = '{part.digest}'")
    return next((run for run in runs if _has_file(run)), None)


def _has_file(run: Run) -> bool:
    """Return whether a run's file of rows exists and is unchanged; True if it is on another machine."""
    folder = local_folder(run.info.artifact_uri)
    return folder is None or manifest.is_intact(folder, ROWS_FILE)


def read(run: Run) -> pa.Table:
    """Return the content of a run's file of rows as an Arrow table, from memory if this process has read it before.

    Raises:
        MissingArtifact: The run has no such file.
        OSError, ValueError: The file can't be read.
    """
    folder = local_folder(run.info.artifact_uri)
    # What a finished run has stored on another machine does not change.
    version = () if folder is None else manifest.file_version(folder / ROWS_FILE)
    with _lock:
        if (table := _kept.get((run.info.run_id, version))) is not None:
            _kept.move_to_end((run.info.run_id, version))
            return table
    table = _downloaded(run) if folder is None else row_file.read(folder / ROWS_FILE)
    _keep((run.info.run_id, version), table)
    return table


def _downloaded(run: Run) -> pa.Table:
    with tempfile.TemporaryDirectory() as folder:
        return row_file.read(artifacts.fetch(run.info.run_id, ROWS_FILE, Path(folder)))


def _keep(key: tuple[str, tuple[int, ...]], table: pa.Table) -> None:
    with _lock:
        if table.nbytes <= MAX_KEPT_BYTES:
            _kept[key] = table
        while sum(kept.nbytes for kept in _kept.values()) > MAX_KEPT_BYTES:
            _kept.popitem(last=False)
