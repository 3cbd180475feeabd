"""A group of processes: told something, and waited for until all of it is gone."""

from __future__ import annotations

import os
import signal
import time

GRACE_S = 20
"""Seconds that open requests may take to end when the server is stopped."""

BEYOND_S = 10
"""Seconds after that until what is left is killed."""


def send(group: int, number: signal.Signals) -> bool:
    """Whether anybody of the group was there to hear it."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def end(group: int) -> bool:
    """Ask a group to stop, and kill what is left of it in the end. Whether nothing had to be killed."""
    send(group, signal.SIGTERM)
    if gone(group, GRACE_S + BEYOND_S):
        return True
    send(group, signal.SIGKILL)
    return False


def gone(group: int, seconds: float) -> bool:
    """Whether the whole group is gone in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
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
