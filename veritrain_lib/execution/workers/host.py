"""Host process: a worker's child process, in which notebook jobs run one after another on forked kernels.

`loop/job_host.py` is its program. The worker sends it a job's payload as a line of JSON; the process answers with lines
of JSON for its progress and, at last, the result.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from veritrain_lib.core import project
from veritrain_lib.redaction.process_secrets import read_dotenv
from veritrain_lib.tracking import store
from veritrain_lib.tracking.state import database, files

PROGRAM = "veritrain_lib.loop.job_host"
"""Module that the host process runs."""

KILL_AFTER_S = 15.0
"""Seconds that an interrupted host process has to end its notebook and close its MLflow runs before it is killed."""

ENDED: Mapping[str, Any] = {"ended": True}
"""Message in `Host.messages` that means the host process has ended."""


class Host:
    """Host process: a child process in which a Celery worker runs notebook jobs, and the messages that it sends."""

    def __init__(self, project_bundle: str) -> None:
        """Fetch the project's files from the database into a folder, and start the process there.

        Args:
            project_bundle: Digest of the project's bundle, which holds its notebooks and gate suites.
        """
        self.project_bundle = project_bundle
        home = home_of(project_bundle)
        home.parent.mkdir(parents=True, exist_ok=True)
        files.fetch_bundle(project_bundle, home)
        # The record's address is fixed here: the host's home has neither a record nor a file `.env`.
        record = {"MLFLOW_TRACKING_URI": store.uri(), "DATABASE_URL": database.address()}
        # The worker's own `.env` has the keys of paid models, which never travel with a job.
        environment = {**read_dotenv(project.root()), **os.environ, **record, "VERITRAIN_HOME": str(home)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=environment, start_new_session=True,
        )  # fmt: skip
        self.messages: queue.Queue[Mapping[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, name="veritrain host", daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with contextlib.suppress(ValueError):  # a line that was cut off when it was killed
                self.messages.put(json.loads(line))
        self.messages.put(ENDED)

    def send(self, payload: Mapping[str, Any]) -> None:
        """Send a notebook job, given by its payload, to the worker's host process as a line of JSON."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(dict(payload)) + "\n")
            self._process.stdin.flush()

    def is_running(self) -> bool:
        """Return whether the worker's host process is running."""
        return self._process.poll() is None

    def exit_code(self) -> int | None:
        """Return the exit code of the worker's host process, or minus the signal that ended it; None while it runs.

        It waits up to 1 s for the end.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout=1)
        return None

    def interrupt(self) -> None:
        """Send the worker's host process the signal of Ctrl-C (SIGINT), so that it ends its job in an orderly way."""
        if self.is_running():
            self._process.send_signal(signal.SIGINT)

    def memory_mb(self) -> float:
        """Return the resident memory, in MiB, of the worker's host process and all its child processes together."""
        import psutil

        total = 0
        for process in self._family():
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total / 2**20

    def kill(self) -> None:
        """Kill the worker's host process and all its child processes, and wait for its end."""
        import psutil

        for process in reversed(self._family()):
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End the worker's host process, which must have no job, and wait; kill it after `KILL_AFTER_S` seconds."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=KILL_AFTER_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def _family(self) -> list[Any]:
        import psutil

        try:
            parent = psutil.Process(self._process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.Error:
            return []


def home_of(project_bundle: str) -> Path:
    """Return the folder on this machine in which a worker runs the jobs of a project.

    Args:
        project_bundle: Digest of the project's files that were sent to workers; its first 16 characters name the folder.
    """
    return project.state("worker", project_bundle[:16])
