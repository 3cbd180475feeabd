"""A real `veritrain serve` in processes of its own, over the project of a test."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def serve(home: Path, port: int, workers: int = 1, **environment: str) -> subprocess.Popen[bytes]:
    """Start it in a session of its own; gives its process when it answers."""
    own = {name: value for name, value in os.environ.items() if name not in ("SECRET_KEY", "DATABASE_URL")}
    log = (home / "serve.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "veritrain_lib.cli.main", "serve", "--port", str(port), "--workers", str(workers)],
        env={**own, "VERITRAIN_HOME": str(home), **environment}, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 180
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=5).read()
            return process
        except OSError:
            assert process.poll() is None, (home / "serve.log").read_text(errors="replace")[-3000:]
            time.sleep(0.2)
    kill(process)
    raise AssertionError("the server did not answer in 180 s")


def kill(process: subprocess.Popen[bytes]) -> None:
    """End it with all its workers, at once, and nothing that its workers launched in sessions of their own."""
    try:
        # The supervisor and, in a session of its own, MLflow's command with uvicorn and its workers.
        groups = [process.pid, *(child.pid for child in psutil.Process(process.pid).children())]
    except psutil.NoSuchProcess:
        groups = [process.pid]
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    process.wait()


@contextmanager
def serving(home: Path, workers: int = 1, **environment: str) -> Iterator[str]:
    """Its address `http://127.0.0.1:PORT`, for as long as the context is open."""
    port = free_port()
    process = serve(home, port, workers, **environment)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        kill(process)
