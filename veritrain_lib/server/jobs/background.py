"""Start of background jobs, each in a process of its own that outlives the request and even the server.

A job belongs to an MLflow run. If its process dies, the run still names the dead process as its owner, and the next
reader of the run closes it.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import uuid
from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.server.jobs.stage_environment import environment_for_run
from veritrain_lib.tracking import runs


def launch(run_id: str) -> None:
    """Start the background job of an MLflow run in a new process, and return at once.

    The run is tagged with the process that owns it. The process is `python -m veritrain_lib.server.run_job RUN_ID`; its
    output goes to `work-RUN_ID.log` in `folder()`.
    """
    log_path = folder() / f"work-{run_id}.log"
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "veritrain_lib.server.run_job", run_id],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env=environment_for_run(run_id),
        )  # fmt: skip
    # A child that has ended must be waited for, or it stays in the process table as a zombie.
    threading.Thread(target=process.wait, name=f"work {run_id[:8]}", daemon=True).start()
    tags = {runs.JOB_TAG: uuid.uuid4().hex}
    with contextlib.suppress(Exception):  # it has ended already: its results are in the record
        tags[runs.OWNER_TAG] = runs.owner_of(process.pid)
    runs.tag(run_id, tags)


def folder() -> Path:
    """Return the folder `.veritrain/running/`, in which the server's processes keep lock files, sockets and logs.

    The folder is created if it does not exist.
    """
    path = project.state("running")
    path.mkdir(parents=True, exist_ok=True)
    return path
