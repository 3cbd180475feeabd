"""Temporary folders that record which process created them, so that those of killed processes can be deleted later."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from veritrain_lib.core import liveness

PREFIXES = ("veritrain-", "vt-")
"""Prefixes of the names of the temporary folders that Veri-Train creates."""

OWNER_FILE = "owner"
"""Name of the file in a temporary folder that holds the name of the folder's process."""


def create(prefix: str = PREFIXES[0], folder: str | None = None) -> Path:
    """Create a temporary folder that only this user can enter, and return its path.

    Args:
        prefix: Prefix of its name, one of `PREFIXES`.
        folder: Folder in which it is created; None for the system's temporary folder.
    """
    folder_path = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
    (folder_path / OWNER_FILE).write_text(liveness.current_process_name(), encoding="utf-8")
    return folder_path


def of_this_process() -> Path:
    """Return the temporary folder of this process and its child processes, created at the first call.

    It is deleted when the process ends.
    """
    if os.getpid() not in _folders:
        _folders.clear()
        _folders[os.getpid()] = create()
        atexit.register(_remove, os.getpid())
    return _folders[os.getpid()]


_folders: dict[int, Path] = {}


def _remove(pid: int) -> None:
    if pid == os.getpid() and pid in _folders:
        shutil.rmtree(_folders.pop(pid), ignore_errors=True)


def redirect_tempfile() -> None:
    """Make this process and its child processes create all their temporary files in its own temporary folder."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(of_this_process())


def clear() -> None:
    """Delete the temporary folders of dead processes; those of other users, machines and containers are kept."""
    own_folder = _folders.get(os.getpid())
    for parent in {str(own_folder.parent) if own_folder else tempfile.gettempdir(), "/tmp"}:
        for prefix in PREFIXES:
            for folder in Path(parent).glob(f"{prefix}*"):
                with suppress(OSError):  # another user's, or being removed at the moment
                    if folder.is_symlink() or folder.lstat().st_uid != os.getuid():
                        continue
                    if liveness.is_alive((folder / OWNER_FILE).read_text(encoding="utf-8")) is False:
                        shutil.rmtree(folder, ignore_errors=True)
