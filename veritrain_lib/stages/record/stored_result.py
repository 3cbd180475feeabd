"""The stored result of a stage's run, loaded from its artifacts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.stages.base import spec_of
from veritrain_lib.tracking import missing_artifacts, runs

if TYPE_CHECKING:
    from veritrain_lib.stages.stage_result import StageResult

RESULT = "result"
"""Artifact folder of a stage's run that holds its result."""


def load_result(stage: str, run_id: str) -> StageResult:
    """Load the stored result of a stage's run.

    Raises:
        MissingArtifact: when a file of the result is missing or unreadable.
    """
    run = runs.get(run_id)
    lost = [name for name in runs.missing(run) if name.startswith(f"{RESULT}/")]
    if lost:
        raise missing_artifacts.of_run(run, lost[0])
    with tempfile.TemporaryDirectory() as folder:
        try:
            return spec_of(stage).RESULT.load(runs.fetch(run_id, RESULT, Path(folder)))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise missing_artifacts.of_run(run, f"{RESULT}/result.json") from error
