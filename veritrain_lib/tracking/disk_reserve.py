"""Some room on the record's disk that is kept back, so that on a full disk a run can still be closed with the truth."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.core.machine_fault import is_full_disk

ROOM = 1_048_576
"""Bytes: some hundred times what closing a run adds to the database's log."""


def keep() -> None:
    """Set the room aside, if it is not yet. Nothing happens where there is none."""
    file = _file()
    if file.exists():
        return
    part = file.with_suffix(f".{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as out:
            os.posix_fallocate(out.fileno(), 0, ROOM)
        part.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def give_up(error: BaseException) -> bool:
    """Free the room if an error tells of a full disk. Whether there was any."""
    if not is_full_disk(error):
        return False
    try:
        _file().unlink()
    except OSError:
        return False
    return True


def _file() -> Path:
    return project.state("reserve")
