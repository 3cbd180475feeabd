"""Waiting for the end of a process without looking again and again."""

from __future__ import annotations

import asyncio
import os
import select
import time

LEAVING_S = 10.0
"""How long a process that has said that it ends may take."""

_leaving: list[int] = []
"""Of processes whose end was awaited: what is readable once nothing is left of them."""


def let_leave(descriptor: int) -> None:
    """Go on while a process gives its memory back; see `wait_until_gone`. The descriptor is closed there."""
    _leaving.append(descriptor)


def wait_until_gone(seconds: float = LEAVING_S) -> None:
    """Return once all processes that were let leave have ended, or so many seconds have passed."""
    deadline = time.monotonic() + seconds
    while _leaving:
        descriptor = _leaving.pop()
        ended = select.poll()  # not `select`, which knows no descriptor above 1,023
        ended.register(descriptor, select.POLLIN)
        ended.poll(max(0.0, deadline - time.monotonic()) * 1000)
        os.close(descriptor)


def watch(pid: int | None) -> int | None:
    """A descriptor that is readable once the process has ended, where the platform has one (Linux)."""
    if not pid or not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:  # it has ended already, or the kernel of this machine is too old
        return None


async def readable(descriptor: int) -> None:
    """Return once the descriptor can be read."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    # add_reader knows one waiter a descriptor, and several wait for the same end
    own = os.dup(descriptor)
    loop.add_reader(own, told.set)
    try:
        await told.wait()
    finally:
        loop.remove_reader(own)
        os.close(own)
