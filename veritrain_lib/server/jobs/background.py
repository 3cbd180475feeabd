"""Background jobs that outlive a request and the server: each runs in its own process and is found by its run.

`launch` starts `python -m veritrain_lib.server.run_job RUN_ID` in a session of its own. A process that dies leaves a run
whose owner has ended; whoever reads the run next closes it.
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
    """Start the job of a run in a new process and return at once; tag the run with its owner."""
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
    """Return the folder of locks, sockets and outputs of the server's processes."""
    path = project.state("running")
    path.mkdir(parents=True, exist_ok=True)
    return path
