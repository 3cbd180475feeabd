"""What is done before a fork opens nothing, and a forked process can use the record at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from veritrain_lib.core.task import Task
from veritrain_lib.tracking import runs

FORK = """
import json, os, sys, threading
from veritrain_lib.tracking import warm_up
warm_up.warm_up()
warm_up.warm_up()
opened = [os.readlink(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{number}")]
before = set(sys.modules)
said = {"threads": threading.active_count(), "opened": [name for name in opened if "mlflow.db" in name or "socket:" in name]}
print(json.dumps(said), flush=True)
child = os.fork()
if not child:
    from veritrain_lib.core.task import load_task
    from veritrain_lib.tracking import runs
    run = runs.open_run(load_task(sys.argv[1]), "forked", kind="stage")
    runs.end_run(run, "FINISHED")
    new = [name for name in set(sys.modules) - before if name.split(".")[0] in ("mlflow", "sqlalchemy", "alembic")]
    print(json.dumps({"run": run, "imported": sorted(new)}), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.slow
def test_a_fork_of_a_warm_process_writes_to_the_record_and_imports_nothing_for_it(
    task: Task, home: Path
) -> None:
    runs.open_run(task, "before", kind="stage")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, str(task.path)],
        capture_output=True, text=True, timeout=300, env={**os.environ, "VERITRAIN_HOME": str(home)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    before, after = (json.loads(line) for line in done.stdout.splitlines())
    assert before == {"threads": 1, "opened": []}
    assert runs.get(after["run"]).info.status == "FINISHED"
    assert after["imported"] == []
