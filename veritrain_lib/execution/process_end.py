"""Waiting for the end of a process without looking again and again."""

from __future__ import annotations

import asyncio
import os


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
