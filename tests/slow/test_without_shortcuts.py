"""With every short cut off (`VERITRAIN_FAST=0`) the loop comes to the same data, models and verdicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.stages.tiny_task import write_tiny

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SUMMARY = """
import json, sys
from veritrain_lib.core.task import load_task
from veritrain_lib.tracking import datasets, models, runs
task = load_task(sys.argv[1])
stages = runs.search(task, "tags.`veritrain.kind` = 'stage'", newest_first=False)
print(json.dumps({
    # A report is about a run, whose id is another one each time.
    "digests": [[run.data.tags["veritrain.stage"], run.data.tags["veritrain.digest"]]
                for run in stages if run.data.tags["veritrain.stage"] != "report"],
    "endings": sorted({run.info.status for run in stages}),
    "metrics": [sorted(run.data.metrics.items()) for run in stages if run.data.tags["veritrain.stage"] == "evaluate"],
    "models": [version.digest for version in models.listing(task)],
    "champion": models.by_alias(task, "champion").digest,
}))
"""


def _loop(folder: Path, switch: str) -> dict[str, Any]:
    folder.mkdir()
    task = write_tiny(folder / "task", budget={"rounds": 1, "rows_per_round": 12, "money": 0}, goal=None)
    environment = {**os.environ, "VERITRAIN_HOME": str(folder), "VERITRAIN_FAST": switch}
    environment.pop("MLFLOW_TRACKING_URI", None)
    loop = [sys.executable, "-m", "veritrain_lib.cli.main", "loop", str(task)]
    done = subprocess.run(loop, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    summary = [sys.executable, "-c", SUMMARY, str(task)]
    shown = subprocess.run(summary, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(shown.stdout)
    found["digests"].sort()  # stages that do not need each other begin in any order
    return found


def test_a_loop_comes_to_the_same_with_all_short_cuts_and_with_none(tmp_path: Path) -> None:
    fast, plain = _loop(tmp_path / "fast", "1"), _loop(tmp_path / "plain", "0")
    assert plain["endings"] == ["FINISHED"]
    assert len(plain["models"]) == 2
    assert plain == fast
