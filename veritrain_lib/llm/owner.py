"""Who is asking: host, process and when it started, so that a dead process is told from a living one."""

from __future__ import annotations

import os
import socket
import uuid
from functools import cache


def new_owner() -> str:
    """A name for one batch of this process: `host/process/start/serial`."""
    return f"{_process(os.getpid())}/{uuid.uuid4().hex[:12]}"


def is_alive(owner: str) -> bool:
    """Whether the process of an owner still lives. True for another host: it can't be looked at from here."""
    import psutil

    host, process, start, _ = owner.rsplit("/", 3)
    if host != socket.gethostname():
        return True
    try:
        return f"{psutil.Process(int(process)).create_time():.2f}" == start
    except psutil.NoSuchProcess:
        return False


@cache
def _process(number: int) -> str:
    import psutil

    return f"{socket.gethostname()}/{number}/{psutil.Process(number).create_time():.2f}"
