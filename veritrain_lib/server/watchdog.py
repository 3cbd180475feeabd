"""Watchdog process that stops the server's processes if the process that owns them is killed.

Nothing can be done in a process that gets SIGKILL. Its end of a pipe is closed by the system, though, whatever ended
it, and the watchdog waits for that. This needs nothing but `fork`, so it works on every system that the server runs on
(Linux, macOS). A watchdog that is itself killed is not replaced.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable

from veritrain_lib.server import process_group


def start(group: int) -> Callable[[], None]:
    """Start a watchdog that stops a process group if this process ends without dismissing it.

    Call it before this process starts a thread.

    Args:
        group: Id of the process group.

    Returns:
        A function that dismisses the watchdog.
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write_end)
        _watch(read_end, group)
    os.close(read_end)

    def dismiss() -> None:
        with contextlib.suppress(BrokenPipeError):  # the watchdog was killed
            os.write(write_end, b".")
        os.close(write_end)
        os.waitpid(child, 0)

    return dismiss


def _watch(read_end: int, group: int) -> None:
    """Run the watchdog process; it must not return into its owner's code."""
    try:
        os.setsid()  # Ctrl+C is for the owner
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if os.read(read_end, 1) == b"":
            process_group.stop(group)
    finally:
        os._exit(0)
