"""Functions that signal a group of processes and wait until all of them have ended; used to stop the server."""

from __future__ import annotations

import os
import signal
import time

GRACE_S = 20
"""Seconds that open requests get to finish after the server was asked to stop."""

KILL_AFTER_S = 10
"""Seconds after `GRACE_S` until the processes that are left are killed with SIGKILL."""


def send_signal(group: int, number: signal.Signals) -> bool:
    """Send a signal to a process group (`group`: its id); return whether a process was left that could receive it."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def stop(group: int) -> bool:
    """Stop a process group: send SIGTERM, wait up to `GRACE_S + KILL_AFTER_S` (30 s), then send SIGKILL to the rest.

    Args:
        group: Id of the process group.

    Returns:
        True if all processes ended by themselves, False if any had to be killed.
    """
    send_signal(group, signal.SIGTERM)
    if wait_for_exit(group, GRACE_S + KILL_AFTER_S):
        return True
    send_signal(group, signal.SIGKILL)
    return False


def wait_for_exit(group: int, seconds: float) -> bool:
    """Wait until every process of a process group has ended.

    Args:
        group: Id of the process group.
        seconds: Longest time to wait.

    Returns:
        True if all have ended, False if the time is over.
    """
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
    """Collect the exit codes of ended child processes of a group, so that none stays behind as a zombie.

    In a container, the first process also inherits orphans, for which no other process waits.
    """
    try:
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
