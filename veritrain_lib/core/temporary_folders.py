"""Temporary folders with a recorded owner, so that those of killed processes are removed later."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from veritrain_lib.core import liveness

PREFIXES = ("veritrain-", "vt-")
"""Prefixes of the names of such folders."""

OWNER_FILE = "owner"
"""File in such a folder with the name of its process."""


def create(prefix: str = PREFIXES[0], folder: str | None = None) -> Path:
    """Create a folder that only this user can enter, in the system's temporary folder or in `folder`."""
    folder_path = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
    (folder_path / OWNER_FILE).write_text(liveness.current_process_name(), encoding="utf-8")
    return folder_path


def of_this_process() -> Path:
    """Return the temporary folder of this process and its children; it is removed when the process ends."""
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
    """Redirect all temporary files of this process and its children to its own folder."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(of_this_process())


def clear() -> None:
    """Remove the folders of dead processes. Those of other users, machines and containers stay."""
    own_folder = _folders.get(os.getpid())
    for parent in {str(own_folder.parent) if own_folder else tempfile.gettempdir(), "/tmp"}:
        for prefix in PREFIXES:
            for folder in Path(parent).glob(f"{prefix}*"):
                with suppress(OSError):  # another user's, or being removed at the moment
                    if folder.is_symlink() or folder.lstat().st_uid != os.getuid():
                        continue
                    if liveness.is_alive((folder / OWNER_FILE).read_text(encoding="utf-8")) is False:
                        shutil.rmtree(folder, ignore_errors=True)
