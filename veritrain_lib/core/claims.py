"""Claims on work, so that no two processes do the same work.

The second one waits, and says for which process.

A claim is a file in the project's folder that its holder keeps locked (`lock_file`), with the holder's name in it. It
ends with the holder's process, whatever ends that. Between machines it works as far as their file system supports
locks; the MLflow store, which they may share instead, has no compare-and-set.
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

from veritrain_lib.core import digest, liveness, project
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.core.lock_file import LockFile, read_content

POLL_S = 0.1
"""Seconds between two checks of a waiting process whether the claim was released."""

REPEAT_S = 60.0
"""Seconds between two messages of a waiting process."""

QUIET_S = 2.0
"""Seconds to wait for a short update before the first message."""

Notify = Callable[[str], None]
"""Callback that receives one line about the process that is waited for."""


@dataclass(frozen=True)
class Holder:
    """The holder of a claim.

    Attributes:
        who: Name of the process (see `liveness`).
        since: Time of the claim, in seconds since 1970.
        what: What the holder is doing.
    """

    who: str
    since: float
    what: str

    def __str__(self) -> str:
        started = datetime.fromtimestamp(self.since).astimezone()
        return f"{liveness.describe(self.who)}, since {started:%Y-%m-%d %H:%M:%S}"


class Claim:
    """A claim held by this thread until `release`; also a context manager that releases it."""

    def __init__(self, work: str, file: LockFile | None) -> None:
        """Make a claim.

        `file` is None inside another claim of the same work and thread, which keeps the lock.
        """
        self.work, self._file = work, file

    def release(self) -> None:
        """Release the claim; a second call does nothing."""
        if self._file is not None:
            _threads.pop(self.work, None)
            self._file.release()
            self._file = None

    def __enter__(self) -> Claim:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


_threads: dict[str, int] = {}
"""Thread of this process that holds each claim."""

os.register_at_fork(after_in_child=_threads.clear)


def claim(work: str, what: str, *, notify: Notify | None = None, quiet_s: float = 0.0) -> Claim:
    """Claim a piece of work, waiting while another process or thread holds it.

    Args:
        work: Name of the work: the same text for the same work, in every process.
        what: The work in words for people, such as `stage gate of task support`.
        notify: Receives a line about the process that is waited for, at once and then every minute; standard error
            when None.
        quiet_s: Seconds to wait before the first line.

    Raises:
        Infrastructure: Files in the project's folder can't be locked.
    """
    path = project.state("claims", f"{digest.of_json(work)[:32]}.json")
    if _threads.get(work) == threading.get_ident():
        return Claim(work, None)
    started = time.monotonic()
    notify_at = started + quiet_s
    while True:
        holder_record = Holder(liveness.current_process_name(), time.time(), what)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = LockFile.acquire(path, json.dumps(vars(holder_record)))
        except OSError as error:
            raise Infrastructure(
                f"{what} can't be claimed: {path} can't be locked ({error.strerror}). Veri-Train needs a folder "
                "that it may write in, on a file system with locks; set VERITRAIN_HOME to one"
            ) from error
        if file is not None:
            _threads[work] = threading.get_ident()
            return Claim(work, file)
        if time.monotonic() >= notify_at:
            notify_at = time.monotonic() + REPEAT_S
            (notify or _print_stderr)(_waiting_message(what, work))
        time.sleep(POLL_S)


def claim_update(work: str, what: str) -> Claim:
    """Claim a short update of the store, such as choosing a version number.

    As `claim`, but silent for `QUIET_S` seconds.
    """
    return claim(work, what, quiet_s=QUIET_S)


def holder(work: str) -> Holder | None:
    """Return the holder of a piece of work, or the last one if it died.

    None when there is no holder, or it is this process.
    """
    written = read_content(project.state("claims", f"{digest.of_json(work)[:32]}.json"))
    with contextlib.suppress(ValueError, TypeError):  # the file is being written at the moment
        return Holder(**json.loads(written))
    return None


def clear() -> None:
    """Remove the claims that killed processes left."""
    for path in project.state("claims").glob("*.json"):
        with contextlib.suppress(OSError):
            file = LockFile.acquire(path)
            if file is not None:
                file.release()


def _waiting_message(what: str, work: str) -> str:
    current = holder(work)
    holder_text = str(current) if current else "another thread of this process"
    return f"{what}: waiting for {holder_text}, which does the same. Its result is used when it ends; if it dies, this process continues."


def _print_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
