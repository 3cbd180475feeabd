"""Signals to a process group, and waiting until all of its processes have ended."""

from __future__ import annotations

import os
import signal
import time

GRACE_S = 20
"""Seconds that open requests may take to end when the server is stopped."""

KILL_AFTER_S = 10
"""Seconds after that until the remaining processes are killed."""


def send_signal(group: int, number: signal.Signals) -> bool:
    """Send a signal to a process group; return whether any process was left to get it."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def stop(group: int) -> bool:
    """Ask a process group to stop, and kill what is left after the grace time.

    Returns:
        Whether nothing had to be killed.
    """
    send_signal(group, signal.SIGTERM)
    if wait_for_exit(group, GRACE_S + KILL_AFTER_S):
        return True
    send_signal(group, signal.SIGKILL)
    return False


def wait_for_exit(group: int, seconds: float) -> bool:
    """Wait until the whole group has ended; return whether it did in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        _reap(group)
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def _reap(group: int) -> None:
    """Reap orphans, which the first process of a container inherits and nobody else waits for."""
    try:
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
