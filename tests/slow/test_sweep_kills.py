"""`veritrain sweep` by real notebooks, killed twice with all its processes: every cell is there once, none is lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.stages.tiny_task import OWN_TRAINER, write_tiny

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]


def start(home: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "VERITRAIN_HOME": str(home), "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    command = [
        sys.executable,
        "-m",
        "veritrain_lib.cli.main",
        "sweep",
        str(home / "task" / "many.yaml"),
        "--json",
    ]
    with (home / "sweep.log").open("a") as log:
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )


def kill_with_all_it_started(process: subprocess.Popen[str]) -> None:
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.send_signal(signal.SIGKILL)
    process.wait()


def cells(home: Path) -> list[tuple[str, str]]:
    """Key and status of each cell's run, asked of the record without our library."""
    query = (
        "SELECT tags.value, runs.status FROM runs JOIN tags ON tags.run_uuid = runs.run_uuid "
        "WHERE tags.key = 'veritrain.sweep.cell'"
    )
    if not (home / "mlflow.db").exists():
        return []
    with contextlib.closing(sqlite3.connect(home / "mlflow.db", timeout=30)) as store:
        try:
            return store.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []


def kill_when(home: Path, finished: int) -> None:
    """Start the sweep and kill it in the cell that follows the given number of finished ones."""
    process = start(home)
    until = time.monotonic() + 900
    while True:
        found = [status for _, status in cells(home)]
        if found.count("FINISHED") >= finished and "RUNNING" in found:
            break
        assert process.poll() is None, (home / "sweep.log").read_text()[-3000:]
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(1)
    kill_with_all_it_started(process)


def test_two_trainers_and_two_seeds_killed_twice_end_with_every_cell_once(tmp_path: Path) -> None:
    write_tiny(tmp_path / "task")
    (tmp_path / "task" / "own.py").write_text(OWN_TRAINER, encoding="utf-8")
    content: dict[str, Any] = {
        "version": 1, "task": "task.yaml",
        "grid": {"trainer": ["tfidf_svc", {"file": "own.py"}], "choose": ["random"], "seed": [0, 1]},
    }  # fmt: skip
    (tmp_path / "task" / "many.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    kill_when(tmp_path, 0)
    kill_when(tmp_path, 2)
    results = []
    for _ in range(2):
        process = start(tmp_path)
        out, _ = process.communicate(timeout=1200)
        assert process.returncode == 0, (tmp_path / "sweep.log").read_text()[-3000:]
        results.append(json.loads(out))
    first, second = results
    found = cells(tmp_path)
    assert len(found) == 4
    assert len({key for key, _ in found}) == 4
    assert {status for _, status in found} == {"FINISHED"}
    assert [cell["state"] for cell in first["cells"]] == ["done"] * 4
    assert (first["again"], second["again"]) == (False, True)
    assert second["arms"] == first["arms"]
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as store:
        stages = "SELECT value FROM tags WHERE key = 'veritrain.stage'"
        assert "evaluate" not in {stage for (stage,) in store.execute(stages)}
