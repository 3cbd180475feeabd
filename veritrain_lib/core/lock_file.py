"""Lock files: files that one process holds locked, which other processes can see, until that process ends.

The lock is a POSIX record lock (SQLite uses the same kind): a forked process does not inherit it, and it works between
containers that share a folder. It belongs to the process, not to a thread or a descriptor: the system drops it as soon
as the process closes any descriptor of that file. So this module never opens a file that this process has locked.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import threading
from pathlib import Path

_guard = threading.RLock()
_lock_files: dict[Path, LockFile] = {}


def _reset_after_fork() -> None:
    """Forget the parent's locks in a forked process, which does not hold them."""
    global _guard
    _guard = threading.RLock()
    _lock_files.clear()


os.register_at_fork(after_in_child=_reset_after_fork)


@atexit.register
def _release_all() -> None:
    for lock_file in [*_lock_files.values()]:
        lock_file.release()


class LockFile:
    """File that this process holds locked until `release`; other processes can see that and read its content."""

    def __init__(self, path: Path, descriptor: int, owner: int) -> None:
        self.path, self._descriptor, self._owner = path, descriptor, owner

    @classmethod
    def acquire(cls, path: Path, content: str = "") -> LockFile | None:
        """Create a file if necessary, lock it and write its content.

        Args:
            path: Path of the file.
            content: Text to write into it, such as the name of the holder.

        Returns:
            The locked file; None when a process, which may be this one, has locked it already.

        Raises:
            OSError: The file can't be created or locked.
        """
        with _guard:
            while path not in _lock_files:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except (BlockingIOError, PermissionError):
                    os.close(descriptor)
                    return None
                except BaseException:
                    os.close(descriptor)
                    raise
                if _is_same_file(path, descriptor):
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, content.encode(), 0)
                    _lock_files[path] = cls(path, descriptor, os.getpid())
                    return _lock_files[path]
                os.close(descriptor)  # its holder removed it in between: the path no longer means this file
            return None

    def is_held(self) -> bool:
        """Return whether this process still holds the lock."""
        return self._owner == os.getpid() and _lock_files.get(self.path) is self

    def release(self) -> None:
        """Delete the lock file and end the lock; a second call, or a call in a forked process, does nothing."""
        with _guard:
            if self._owner != os.getpid() or _lock_files.get(self.path) is not self:
                return
            self.path.unlink(missing_ok=True)
            del _lock_files[self.path]
            os.close(self._descriptor)


def is_locked(path: Path) -> bool:
    """Return whether any process, this one included, holds the lock of a file; False if the file does not exist.

    Raises:
        OSError: The file can't be opened.
    """
    with _guard:
        if path in _lock_files:
            return True
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return True
        finally:
            os.close(descriptor)
        return False


def read_content(path: Path) -> str:
    """Return the text in a lock file; empty when the file does not exist or this process holds its lock."""
    with _guard:
        if path in _lock_files:
            return ""
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""


def _is_same_file(path: Path, descriptor: int) -> bool:
    try:
        on_disk = os.stat(path)
    except FileNotFoundError:
        return False
    opened = os.fstat(descriptor)
    return (on_disk.st_dev, on_disk.st_ino) == (opened.st_dev, opened.st_ino)
