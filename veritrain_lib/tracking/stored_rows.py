"""Storage of datasets' rows in MLflow: each row is stored once, and read from the run that holds it.

The run of a dataset has `dataset/layout.json` (which says where each row is stored, see `row_layout`) and
`dataset/rows.parquet` with the rows that no earlier dataset holds. Open this to see how the rows of a dataset are put
together, and when a dataset counts as lost because of a file in another run.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core import digest
from veritrain_lib.tracking import artifacts, lookup, manifest, part_runs, row_file
from veritrain_lib.tracking.artifact_paths import local_folder
from veritrain_lib.tracking.missing_artifacts import MissingArtifact
from veritrain_lib.tracking.part_runs import DIGEST_TAG, FOLDER, ROWS_FILE
from veritrain_lib.tracking.row_layout import Layout, Part, arrange

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Dataset
    from veritrain_lib.tracking.entities import Run

LAYOUT_FILE = f"{FOLDER}/layout.json"
"""Artifact path of the file that says where each row of a dataset is stored."""


class LostRows(Exception):
    """Error: a file with rows of a dataset is missing or was changed.

    Attributes:
        name: Artifact path of the file.
        run_id: Id of the run that held it.
    """

    def __init__(self, name: str, run_id: str) -> None:
        """Create the error for the file `name` of a run."""
        super().__init__(f"{name} of run {run_id} is missing or changed")
        self.name, self.run_id = name, run_id


def write(run_id: str, rows: pd.DataFrame, sources: Sequence[Dataset]) -> dict[str, str]:
    """Store a dataset's rows in the run that made it, except rows that other datasets hold; these are only referred to.

    Args:
        run_id: Id of the run.
        rows: The rows.
        sources: The datasets that rows were taken from.

    Returns:
        Tags for the run: the digest of the rows in its own file; none if it has no such file.
    """
    experiment_id = lookup.get(run_id).info.experiment_id
    stored = [(source.rows, layout_of(lookup.get(source.made_by))) for source in sources if source.made_by]
    arrangement = arrange(rows, stored)
    holders = part_runs.find(arrangement.known, experiment_id)
    parts = [
        replace(part, run=holder.info.run_id) if holder else part
        for part, holder in zip(arrangement.known, holders, strict=True)
    ]
    tags = {}
    with tempfile.TemporaryDirectory() as folder:
        if arrangement.own:
            own = rows.iloc[list(arrangement.own)]
            tags[DIGEST_TAG] = digest.of_rows(own)
            json_columns = row_file.write(own, Path(folder) / Path(ROWS_FILE).name)
            parts.append(Part(run_id, tags[DIGEST_TAG], json_columns))
        layout = Layout(tuple(map(str, rows.columns)), tuple(parts), arrangement.spans)
        content = json.dumps(layout.as_json(), ensure_ascii=False)
        (Path(folder) / Path(LAYOUT_FILE).name).write_text(content, encoding="utf-8")
        artifacts.log_folder(run_id, Path(folder), FOLDER)
    return tags


def layout_of(run: Run) -> Layout:
    """Return the layout of the dataset that a run made.

    Raises:
        MissingArtifact: The run has no layout.
        OSError, ValueError: Its layout can't be read.
    """
    local = local_folder(run.info.artifact_uri)
    if local is not None:
        return _parsed_layout(local / LAYOUT_FILE, manifest.file_version(local / LAYOUT_FILE))
    with tempfile.TemporaryDirectory() as folder:
        file = artifacts.fetch(run.info.run_id, LAYOUT_FILE, Path(folder))
        return _parsed_layout(file, manifest.file_version(file))


@lru_cache(maxsize=256)
def _parsed_layout(file: Path, version: tuple[int, ...]) -> Layout:
    """Return the layout in a file; a process reads each version of the file once."""
    try:
        return Layout.of_json(json.loads(file.read_text(encoding="utf-8")))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file} is not the layout of a dataset") from error


def read(run: Run, content: str) -> pd.DataFrame:
    """Return the rows of the dataset that a run made, and check that they still have their digest.

    Args:
        run: The run.
        content: Digest that the rows had when they were stored.

    Raises:
        LostRows: A file is missing, or does not hold what was stored in it.
    """
    name, run_id = LAYOUT_FILE, run.info.run_id
    try:
        layout = layout_of(run)
        tables = []
        holders = part_runs.find(layout.parts, run.info.experiment_id)
        for part, holder in zip(layout.parts, holders, strict=True):
            name, run_id = ROWS_FILE, part.run
            if holder is None:
                raise LostRows(name, run_id)
            tables.append((part_runs.read(holder), part.json_columns))
        rows = row_file.pick(tables, _positions(layout, [len(table) for table, _ in tables]), layout.columns)
    except (MissingArtifact, OSError, ValueError, IndexError) as error:
        raise LostRows(name, run_id) from error
    if digest.of_rows(rows) != content:
        raise LostRows(name, run_id)
    return rows


def _positions(layout: Layout, lengths: Sequence[int]) -> np.ndarray:
    """Return the position of each row of a dataset among the rows of all its files, counted one file after the other.

    Args:
        layout: The layout of the dataset.
        lengths: Number of rows in each of its files.

    Returns:
        An integer array with one position for each row, from 0.
    """
    import numpy as np

    starts = np.cumsum([0, *lengths])
    spans = [
        np.arange(starts[part] + first, starts[part] + first + count) for part, first, count in layout.spans
    ]
    return np.concatenate(spans) if spans else np.empty(0, dtype=np.int64)


def lost(run: Run) -> LostRows | None:
    """Return the first missing file among those of other runs that hold rows of a run's dataset; None if all are there.

    The result is an error that is not raised. Nothing is checked if the run's files are on another machine.
    """
    if local_folder(run.info.artifact_uri) is None:
        return None
    try:
        layout = layout_of(run)
    except (MissingArtifact, OSError, ValueError):
        return LostRows(LAYOUT_FILE, run.info.run_id)
    others = [part for part in layout.parts if part.run != run.info.run_id]
    holders = part_runs.find(others, run.info.experiment_id)
    missing = (part.run for part, holder in zip(others, holders, strict=True) if holder is None)
    return next((LostRows(ROWS_FILE, run_id) for run_id in missing), None)
