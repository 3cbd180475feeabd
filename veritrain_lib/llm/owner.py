"""Who is asking: a process and a batch of it, so that a dead process is told from a living one."""

from __future__ import annotations

import uuid

from veritrain_lib.core import liveness


def new_owner() -> str:
    """A name for one batch of this process: `living.name()/serial`."""
    return f"{liveness.name()}/{uuid.uuid4().hex[:12]}"


def is_alive(owner: str) -> bool:
    """Whether the process of an owner still lives. True where it can't be looked at, as on another machine."""
    return liveness.alive(owner.rpartition("/")[0]) is not False
