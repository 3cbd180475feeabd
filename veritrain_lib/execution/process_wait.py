"""Helpers that wait for the end of a process without polling."""

from __future__ import annotations

import asyncio
import os
import select
import time

EXIT_TIMEOUT_S = 10.0
"""Seconds that a process may take to disappear after it has reported its end."""

_exiting: list[int] = []
"""Descriptors that become readable once a process, whose end was reported, is gone."""


def add_exiting_process(descriptor: int) -> None:
    """Leave it to `wait_for_exits` to wait until a process has released its memory.

    Args:
        descriptor: Readable once the process is gone; `wait_for_exits` closes it.
    """
    _exiting.append(descriptor)


def wait_for_exits(seconds: float = EXIT_TIMEOUT_S) -> None:
    """Return once all processes passed to `add_exiting_process` are gone, or after `seconds`."""
    deadline = time.monotonic() + seconds
    while _exiting:
        descriptor = _exiting.pop()
        poller = select.poll()  # not `select`, which fails for descriptors above 1,023
        poller.register(descriptor, select.POLLIN)
        poller.poll(max(0.0, deadline - time.monotonic()) * 1000)
        os.close(descriptor)


def open_pidfd(pid: int | None) -> int | None:
    """Return a descriptor that is readable once the process has ended; None on platforms other than Linux."""
    if not pid or not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:  # it has ended already, or the kernel of this machine is too old
        return None


async def wait_readable(descriptor: int) -> None:
    """Return once the descriptor can be read."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    # add_reader takes one waiter per descriptor, and several wait for the same end
    waiter_descriptor = os.dup(descriptor)
    loop.add_reader(waiter_descriptor, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(waiter_descriptor)
        os.close(waiter_descriptor)
