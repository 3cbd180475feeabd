"""Supervisor of a worker: it starts the worker process, and starts it again when it ends by itself or is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

from veritrain_lib.execution.workers.watch import DEAF_EXIT_CODE

PAUSE_S = 2.0
"""Seconds before a worker that ended with an error is started again."""


def command(queues: Sequence[str], concurrency: int, name: str) -> list[str]:
    """Return the command that starts a Celery worker whose threads each run one job at a time in a process of its own.

    Args:
        queues: Names of the queues that the worker takes jobs from.
        concurrency: Number of threads, and so of jobs at the same time.
        name: Name of the worker in Celery.
    """
    return [
        sys.executable, "-m", "celery", "-A", "veritrain_lib.celery_app", "worker", "--pool", "threads",
        "--concurrency", str(concurrency), "--queues", ",".join(queues), "--hostname", name,
        "--without-gossip", "--without-mingle", "--loglevel", "INFO",
    ]  # fmt: skip


def supervise(arguments: Sequence[str]) -> int:
    """Run a worker until this process is told to stop; start the worker again whenever it ends by itself.

    The first SIGTERM or Ctrl-C lets its jobs end, the second one makes it give them back at once.

    Args:
        arguments: Command line of the worker.

    Returns:
        The worker's exit code; 0 if it stopped as requested.
    """
    requests = 0
    child: subprocess.Popen[bytes] | None = None

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal requests
        requests += 1
        if child is not None and child.poll() is None:
            child.send_signal(signal.SIGTERM if requests == 1 else signal.SIGQUIT)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    while True:
        # In a session of its own, so that Ctrl-C of a terminal reaches it once, through this process.
        child = subprocess.Popen(arguments, start_new_session=True)
        code = child.wait()
        if requests:
            # Asked to stop before it could set itself up for that, it ends by the signal: as well.
            stopped = code in (0, -signal.SIGTERM, -signal.SIGQUIT)
            return 0 if stopped else code if code >= 0 else 128 - code
        print(
            f"veritrain worker: it ended with code {code} and is started again", file=sys.stderr, flush=True
        )
        if code != DEAF_EXIT_CODE:
            time.sleep(PAUSE_S)
