"""A file that one process holds: others see that it does, and it ends with the process, whatever ends that.

The lock is a record lock of the system (the kind that SQLite uses, too): a fork does not inherit it, and it holds between
containers that share a folder. It belongs to the process, not to a thread or a descriptor: the system drops it as soon as
the process closes any descriptor of that file, so nobody here opens a file that this process holds.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import threading
from pathlib import Path

_guard = threading.RLock()
_held: dict[Path, HeldFile] = {}


def _forget() -> None:
    """In a fork: what its parent holds is not its own."""
    global _guard
    _guard = threading.RLock()
    _held.clear()


os.register_at_fork(after_in_child=_forget)


@atexit.register
def _let_all_go() -> None:
    for one in [*_held.values()]:
        one.let_go()


class HeldFile:
    """A file held by this process, until `let_go`."""

    def __init__(self, place: Path, descriptor: int, owner: int) -> None:
        self.place, self._descriptor, self._owner = place, descriptor, owner

    @classmethod
    def take(cls, place: Path, content: str = "") -> HeldFile | None:
        """Hold a file, made when it is not there, with a new content; None when it is held, also by this process.

        Raises OSError where a file can't be made or locked.
        """
        with _guard:
            while place not in _held:
                descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except (BlockingIOError, PermissionError):
                    os.close(descriptor)
                    return None
                except BaseException:
                    os.close(descriptor)
                    raise
                if _is_still(place, descriptor):
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, content.encode(), 0)
                    _held[place] = cls(place, descriptor, os.getpid())
                    return _held[place]
                os.close(
                    descriptor
                )  # who held it removed it in between: it is not the file of that name any more
            return None

    def let_go(self) -> None:
        """Remove the file, and with it the lock. Nothing happens a second time, or in a fork of who held it."""
        with _guard:
            if self._owner != os.getpid() or _held.get(self.place) is not self:
                return
            self.place.unlink(missing_ok=True)
            del _held[self.place]
            os.close(self._descriptor)


def is_held(place: Path) -> bool:
    """Whether some process, this one included, holds a file. Raises OSError when it can't be looked at."""
    with _guard:
        if place in _held:
            return True
        try:
            descriptor = os.open(place, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return True
        finally:
            os.close(descriptor)
        return False


def content(place: Path) -> str:
    """What who holds it has written; empty when there is no such file, or this process holds it."""
    with _guard:
        if place in _held:
            return ""
        try:
            return place.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""


def _is_still(place: Path, descriptor: int) -> bool:
    try:
        there = os.stat(place)
    except FileNotFoundError:
        return False
    mine = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)
