"""A sweep whose cells are done by real workers: the same cells and figures as here, each stage once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tests.machines import worker
from tests.stages.tiny_task import OWN_TRAINER, write_tiny
from veritrain_lib.core.task import load_task
from veritrain_lib.execution.workers.remote_runner import RemoteRunner
from veritrain_lib.loop.sweep import run_sweep
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.state import database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_cells_of_two_trainers_one_of_them_a_file_are_done_by_two_workers(
    shared_record: Path, tmp_path: Path
) -> None:
    task = load_task(write_tiny(shared_record / "tiny"))
    (shared_record / "tiny" / "own.py").write_text(OWN_TRAINER, encoding="utf-8")
    grid = {"trainer": ["tfidf_svc", {"file": "own.py"}], "choose": ["random"], "seed": [0]}
    sweep = shared_record / "tiny" / "many.yaml"
    sweep.write_text(yaml.safe_dump({"version": 1, "task": "task.yaml", "grid": grid, "rounds": 1}))
    environment = dict(os.environ)
    with worker(tmp_path / "a", environment), worker(tmp_path / "b", environment):
        result = run_sweep(sweep, runner=RemoteRunner())
        again = run_sweep(sweep, runner=RemoteRunner())
    assert list(result.cells["state"]) == ["done", "done"], list(result.cells["note"])
    assert (again.again, again.run_id) == (True, result.run_id)
    done = [run.data.tags["veritrain.stage"] for run in runs.search(task, "tags.`veritrain.kind` = 'stage'")]
    assert sorted(done) == sorted(["gate", "train", "generate", "gate", "train"] * 2), "each stage once"
    with database.transaction() as connection:
        used = connection.exec_driver_sql("SELECT DISTINCT worker FROM veritrain_state_jobs").scalars().all()
    assert len(used) == 2, "the cells were done side by side"
    assert runs.get(result.run_id).info.status == "FINISHED"
