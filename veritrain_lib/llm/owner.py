"""Names of claim owners: a process and one of its batches, so that dead processes can be recognized."""

from __future__ import annotations

import uuid

from veritrain_lib.core import liveness


def new_owner() -> str:
    """Return a name for one batch of this process: `liveness.name()/serial`."""
    return f"{liveness.current_process_name()}/{uuid.uuid4().hex[:12]}"


def is_alive(owner: str) -> bool:
    """Return whether the process of an owner lives; True where that can't be known (another machine)."""
    return liveness.is_alive(owner.rpartition("/")[0]) is not False
