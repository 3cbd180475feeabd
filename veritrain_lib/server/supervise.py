"""`python -m veritrain_lib.server.supervise COMMAND`: keeps a server's processes, and stops them all in order.

MLflow's command starts uvicorn as a child and hands no signal on: stopped by a service manager it would leave the
server behind. Here all of them are one process group. What is asked to stop has `GRACE_S` seconds to answer the
requests that are open.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

GRACE_S = 20
"""Seconds that open requests may take to end when the server is stopped."""

BEYOND_S = 10
"""Seconds after that until what is left is killed."""


def supervise(command: Sequence[str]) -> int:
    """Run a command until it ends, or until this process is asked to stop. Gives the exit code.

    That is 0 when everything ended in time after being asked to stop, 1 when something had to be killed, and the
    command's own code when it ended by itself.
    """
    child = subprocess.Popen(command, start_new_session=True)
    asked = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, stop)
    while not asked:
        try:
            code = child.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            continue
        _send(child.pid, signal.SIGTERM)
        _wait(child.pid, GRACE_S + BEYOND_S)
        return code if code >= 0 else 128 - code
    _send(child.pid, signal.SIGTERM)
    if _wait(child.pid, GRACE_S + BEYOND_S):
        return 0
    _send(child.pid, signal.SIGKILL)
    return 1


def _send(group: int, number: signal.Signals) -> bool:
    """Whether anybody of the group was there to hear it."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def _wait(group: int, seconds: float) -> bool:
    """Whether the whole group is gone in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        _reap(group)
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def _reap(group: int) -> None:
    """As the first process of a container this one inherits the orphans; nobody else buries them."""
    try:
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    sys.exit(supervise(sys.argv[1:]))
