"""A process that outlives its owner by a moment: it stops what the owner was keeping, should the owner be killed.

Nothing can be done in a process that gets SIGKILL. Its end of a pipe is closed by the system, though, whatever ended
it, and that is what the guard waits for. This needs nothing but `fork`, so it works on every system that the server
runs on (Linux, macOS); a guard that is itself killed is not replaced.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable

from veritrain_lib.server import process_group


def post(group: int) -> Callable[[], None]:
    """Stop a group of processes if this process ends without having called what is given back.

    Call it before this process starts a thread.
    """
    watched, held = os.pipe()
    guard = os.fork()
    if guard == 0:
        os.close(held)
        _watch(watched, group)
    os.close(watched)

    def dismiss() -> None:
        with contextlib.suppress(BrokenPipeError):  # the guard was killed
            os.write(held, b".")
        os.close(held)
        os.waitpid(guard, 0)

    return dismiss


def _watch(watched: int, group: int) -> None:
    """The guard's whole life; it must not return into its owner's code."""
    try:
        os.setsid()  # Ctrl+C is for the owner
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if os.read(watched, 1) == b"":
            process_group.end(group)
    finally:
        os._exit(0)
