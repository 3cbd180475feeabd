"""Loading of a stage's result from the artifacts of its MLflow run."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.stages.base import spec_of
from veritrain_lib.tracking import datasets, missing_artifacts, runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.stages.stage_result import StageResult

RESULT = "result"
"""Name of the artifact folder in a stage's MLflow run that holds its result."""


def load_result(stage: str, run_id: str) -> StageResult:
    """Load the result of a stage from its MLflow run.

    Args:
        stage: The stage's name, one of `stages.NAMES`.
        run_id: The id of the MLflow run.

    Raises:
        MissingArtifact: when a file of the result is missing or unreadable.
    """
    run = runs.get(run_id)
    lost = [name for name in runs.missing(run) if name.startswith(f"{RESULT}/")]
    if lost:
        raise missing_artifacts.missing_file(run, lost[0])
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = runs.fetch(run_id, RESULT, Path(folder))
            return spec_of(stage).RESULT.load(path, partial(_dataset_rows, run_id))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise missing_artifacts.missing_file(run, f"{RESULT}/result.json") from error


def _dataset_rows(run_id: str) -> pd.DataFrame:
    """Return the rows of the dataset that a stage's run made.

    Raises:
        MissingArtifact: when a file that holds some of them is missing.
    """
    dataset = datasets.of_run(run_id)
    if dataset is None:
        raise missing_artifacts.missing_file(runs.get(run_id), f"{RESULT}/result.json")
    return dataset.rows
