"""A reserve file whose deletion frees space on a full disk, so that a run can still be closed with its true status."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.core.machine_fault import is_full_disk

RESERVED_BYTES = 1_048_576
"""Size of the reserve file in bytes: about a hundred times what closing a run adds to the database's log."""


def allocate() -> None:
    """Create the reserve file unless it exists; do nothing when the disk is full."""
    file = _file()
    if file.exists():
        return
    part = file.with_suffix(f".{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as out:
            os.posix_fallocate(out.fileno(), 0, RESERVED_BYTES)
        part.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def release_if_full(error: BaseException) -> bool:
    """Delete the reserve file if an error reports a full disk; return whether space was freed."""
    if not is_full_disk(error):
        return False
    try:
        _file().unlink()
    except OSError:
        return False
    return True


def _file() -> Path:
    return project.state("reserve")
