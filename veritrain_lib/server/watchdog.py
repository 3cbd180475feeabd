"""Watchdog process that stops the server's processes if the supervisor that owns them is killed.

A process can't react to SIGKILL. But however it ends, the system closes its end of a pipe, and the watchdog waits for
that. It needs only `fork`, so it works on Linux and macOS. A watchdog that is itself killed is not replaced.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable

from veritrain_lib.server import process_group


def start(group: int) -> Callable[[], None]:
    """Start a watchdog process, which stops a process group if the calling process ends without dismissing it.

    Call it before the calling process starts a thread, because it forks.

    Args:
        group: Id of the process group to stop.

    Returns:
        A function without arguments that dismisses the watchdog: its process ends and the group goes on running.
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
    """Run the watchdog's process and end it: wait until the pipe closes or a dismissal comes, and never return.

    Args:
        read_end: File descriptor of the pipe. One byte is a dismissal; its end means that the owner was killed.
        group: Id of the process group to stop if the owner was killed.
    """
    try:
        os.setsid()  # Ctrl+C is for the owner
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if os.read(read_end, 1) == b"":
            process_group.stop(group)
    finally:
        os._exit(0)
