"""Claims: locks on a piece of work, so that no two processes do the same work; the second one waits for the first.

By default a claim is a file in the project's folder that its holder keeps locked (`lock_file`), with the holder's name
in it. The lock ends with the holder's process. Such a claim holds on one machine. Where several machines share a
tracking store, `tracking/state/claims.py` uses leases in the store's database instead.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from veritrain_lib.core import digest, liveness, project
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.core.lock_file import LockFile, read_content

POLL_S = 0.1
"""Seconds between two attempts of a waiting process to take the claim."""

REPEAT_S = 60.0
"""Seconds between two messages that a process is waiting."""

QUIET_S = 2.0
"""Seconds to wait before the first message, for a claim that is usually held only briefly."""

Notify = Callable[[str], None]
"""Function that receives one line about the process that is waited for."""


@dataclass(frozen=True)
class Holder:
    """Process that holds a claim on a piece of work, and since when.

    Attributes:
        who: Name of the process (see `liveness`).
        since: Time of the claim, in seconds since 1970.
        what: Description of the work for people.
    """

    who: str
    since: float
    what: str

    def __str__(self) -> str:
        started = datetime.fromtimestamp(self.since).astimezone()
        return f"{liveness.describe(self.who)}, since {started:%Y-%m-%d %H:%M:%S}"


class Lock(Protocol):
    """Lock on a piece of work that this process holds."""

    def release(self) -> None:
        """Release the lock, so that another process can take it."""
        ...

    def is_held(self) -> bool:
        """Return whether this process still holds the lock; a lease in a database can be lost."""
        ...


class Locks(Protocol):
    """Kind of locks for claims: lock files of this machine, or leases in a database."""

    def acquire(self, work: str, what: str) -> Lock | None:
        """Take the lock of a piece of work if no other process or thread has it.

        Args:
            work: Name of the work.
            what: Description of the work for people.

        Returns:
            The lock, or None if somebody else has it.
        """
        ...

    def holder(self, work: str) -> Holder | None:
        """Return the holder of the lock of a piece of work, even if its process has died; None when there is none."""
        ...


class FileLocks:
    """Lock files in the project's folder: the kind of locks for a single machine."""

    def acquire(self, work: str, what: str) -> Lock | None:
        """Lock the file of a piece of work if no other process or thread has locked it.

        Args:
            work: Name of the work.
            what: Description of the work for people.

        Returns:
            The lock, or None if somebody else has it.

        Raises:
            Infrastructure: Files in the project's folder can't be locked.
        """
        path = _claim_file(work)
        holder_record = Holder(liveness.current_process_name(), time.time(), what)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return LockFile.acquire(path, json.dumps(vars(holder_record)))
        except OSError as error:
            raise Infrastructure(
                f"{what} can't be claimed: {path} can't be locked ({error.strerror}). Veri-Train needs a folder "
                "that it may write in, on a file system with locks; set VERITRAIN_HOME to one"
            ) from error

    def holder(self, work: str) -> Holder | None:
        """Return the holder of the lock of a piece of work, even if its process has died.

        It is None when there is none, and when this process is the holder.
        """
        written = read_content(_claim_file(work))
        with contextlib.suppress(ValueError, TypeError):  # the file is being written at the moment
            return Holder(**json.loads(written))
        return None


FILES = FileLocks()


def _claim_file(work: str) -> Path:
    return project.state("claims", f"{digest.of_json(work)[:32]}.json")


class Claim:
    """Lock on a piece of work that this thread holds until `release`, or until the end of a `with` block."""

    def __init__(self, work: str, lock: Lock | None) -> None:
        """Create a claim from a lock.

        Args:
            work: Name of the work.
            lock: The lock; None if this thread has already claimed the same work, since then the outer claim keeps the
                lock.
        """
        self.work, self._lock = work, lock

    def release(self) -> None:
        """Release the lock on the piece of work; a second call does nothing."""
        if self._lock is not None:
            _threads.pop(self.work, None)
            self._lock.release()
            self._lock = None

    def is_held(self) -> bool:
        """Return whether this thread still holds the lock; a lease in a database is lost when its heartbeat stops."""
        return self._lock is None or self._lock.is_held()

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


_threads: dict[str, int] = {}
"""Id of the thread that holds each claim of this process, by name of the work."""

os.register_at_fork(after_in_child=_threads.clear)


def claim(
    work: str, what: str, *, notify: Notify | None = None, quiet_s: float = 0.0, locks: Locks = FILES
) -> Claim:
    """Claim a piece of work, so that no other thread or process does it at the same time; wait until it is free.

    Args:
        work: Name of the work; the same work must have the same name in every process.
        what: Name of the work for people, such as `stage gate of task support`.
        notify: Function that receives a line about the process that is waited for, at once and then every minute; None
            prints the lines to standard error.
        quiet_s: Seconds to wait before the first line.
        locks: Kind of locks: lock files of this machine (default), or leases in a database.

    Returns:
        The claim, which lasts until it is released. A thread that holds the claim already gets another one at once.

    Raises:
        Infrastructure: Files in the project's folder can't be locked.
    """
    if _threads.get(work) == threading.get_ident():
        return Claim(work, None)
    started = time.monotonic()
    notify_at = started + quiet_s
    while True:
        lock = locks.acquire(work, what)
        if lock is not None:
            _threads[work] = threading.get_ident()
            return Claim(work, lock)
        if time.monotonic() >= notify_at:
            notify_at = time.monotonic() + REPEAT_S
            (notify or _print_stderr)(_waiting_message(what, locks.holder(work)))
        time.sleep(POLL_S)


def claim_update(work: str, what: str) -> Claim:
    """Claim a short change, such as choosing a version number, so that no other process of this machine makes it meanwhile.

    It works like `claim`, but reports that it waits for another process only after `QUIET_S` seconds.

    Args:
        work: Name of the change, the same in every process.
        what: Name of the change for people.
    """
    return claim(work, what, quiet_s=QUIET_S)


def holder(work: str) -> Holder | None:
    """Return the process of this machine that has claimed a piece of work, even if it has died since.

    It is None when nobody has claimed the work, and when this process has.
    """
    return FILES.holder(work)


def clear() -> None:
    """Delete the claim files that killed processes have left in the project's folder."""
    for path in project.state("claims").glob("*.json"):
        with contextlib.suppress(OSError):
            file = LockFile.acquire(path)
            if file is not None:
                file.release()


def _waiting_message(what: str, current: Holder | None) -> str:
    holder_text = str(current) if current else "another thread of this process"
    return f"{what}: waiting for {holder_text}, which does the same. Its result is used when it ends; if it dies, this process continues."


def _print_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
