"""Temporary folders that say whose they are, so that those of a killed process are cleared at the next start."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from veritrain_lib.core import liveness

PREFIXES = ("veritrain-", "vt-")
"""What the names of such folders begin with."""

OWNER = "owner"
"""The file in such a folder with the name of its process."""


def make(prefix: str = PREFIXES[0], folder: str | None = None) -> Path:
    """A new folder that only this user can enter, in the system's folder for such things or in the one named."""
    made = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
    (made / OWNER).write_text(liveness.name(), encoding="utf-8")
    return made


def of_this_process() -> Path:
    """One folder for all that is started from this process; it goes when the process ends."""
    if os.getpid() not in _own:
        _own.clear()
        _own[os.getpid()] = make()
        atexit.register(_remove, os.getpid())
    return _own[os.getpid()]


_own: dict[int, Path] = {}


def _remove(process: int) -> None:
    if process == os.getpid() and process in _own:
        shutil.rmtree(_own.pop(process), ignore_errors=True)


def use() -> None:
    """Have all that this process and those that it starts put into temporary files lie in its one folder."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(of_this_process())


def clear() -> None:
    """Remove the folders of processes that have died. Those of other users, machines and containers stay."""
    own = _own.get(os.getpid())
    for parent in {str(own.parent) if own else tempfile.gettempdir(), "/tmp"}:
        for prefix in PREFIXES:
            for folder in Path(parent).glob(f"{prefix}*"):
                with suppress(OSError):  # somebody else's, or just being cleared
                    if folder.is_symlink() or folder.lstat().st_uid != os.getuid():
                        continue
                    if liveness.alive((folder / OWNER).read_text(encoding="utf-8")) is False:
                        shutil.rmtree(folder, ignore_errors=True)
