"""Functions that wait for the end of kernel processes without polling."""

from __future__ import annotations

import asyncio
import os
import select
import time

EXIT_TIMEOUT_S = 10.0
"""Seconds to wait for a process that has reported its end to disappear."""

_exiting: list[int] = []
"""Descriptors of processes that have reported their end; each becomes readable once its process has disappeared."""


def add_exiting_process(descriptor: int) -> None:
    """Make the next `wait_for_exits` wait for a kernel process that has reported its end but still frees its memory.

    Args:
        descriptor: File descriptor that becomes readable once the process has disappeared; `wait_for_exits` closes it.
    """
    _exiting.append(descriptor)


def wait_for_exits(seconds: float = EXIT_TIMEOUT_S) -> None:
    """Wait until all kernel processes that have reported their end have disappeared, but no longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while _exiting:
        descriptor = _exiting.pop()
        poller = select.poll()  # not `select`, which fails for descriptors above 1,023
        poller.register(descriptor, select.POLLIN)
        poller.poll(max(0.0, deadline - time.monotonic()) * 1000)
        os.close(descriptor)


def open_pidfd(pid: int | None) -> int | None:
    """Return a file descriptor that becomes readable when the process `pid` ends.

    It is None on platforms other than Linux, and if the process has already ended.
    """
    if not pid or not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:  # it has ended already, or the kernel of this machine is too old
        return None


async def wait_readable(descriptor: int) -> None:
    """Wait until a file descriptor is readable."""
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
