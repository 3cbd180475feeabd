"""Faults of the machine told in one sentence: a full disk, a read-only folder, a lost database, a refused connection.

Open it when an error of the operating system or of a database reaches a person as "unexpected".
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

REMEDIES = {
    errno.ENOSPC: "Free some room on this disk, then run the same command again",
    errno.EDQUOT: "Your quota on this disk is used up: free some room, then run the same command again",
    errno.EFBIG: "A limit on the size of files is reached (ulimit -f): raise it, then run the same command again",
    errno.EROFS: "This disk is read-only: mount it for writing, or set VERITRAIN_HOME to a folder on another one",
    errno.EACCES: "Change the owner or the rights, or set VERITRAIN_HOME to a folder of your own",
    errno.EPERM: "Change the owner or the rights, or set VERITRAIN_HOME to a folder of your own",
    errno.EIO: "The disk reports a fault: look at the system's log, then run the same command again",
    errno.ESTALE: "The network disk has gone: mount it again, then run the same command again",
    errno.EMFILE: "This process may open no more files (ulimit -n): raise the limit, then run the same command again",
    errno.ENFILE: "The machine has too many open files: end other work, then run the same command again",
    errno.ENOMEM: "Free some memory, then run the same command again",
    errno.EAGAIN: "The machine gives no more processes or threads (ulimit -u): end other work, then run again",
    errno.ENAMETOOLONG: "Choose a shorter name",
    errno.ECONNREFUSED: "Start the service, or correct its address, then run the same command again",
    errno.ECONNRESET: "Run the same command again",
    errno.ETIMEDOUT: "Look whether the service can be reached from here, then run the same command again",
    errno.ENETUNREACH: "Look at this machine's network, then run the same command again",
    errno.EHOSTUNREACH: "Look at this machine's network, then run the same command again",
    errno.EPIPE: "Run the same command again",
}
"""What to do about an error of the operating system; one that is not here is not known to be the machine's."""

WRAPPERS = ("mlflow", "sqlalchemy", "requests", "urllib3")
"""Libraries that raise an error of their own in the place of another, without saying `from`."""

_SQLITE = (
    ("database or disk is full", REMEDIES[errno.ENOSPC]),
    ("disk i/o error", "The disk is full, read-only or faulty: look at it, then run the same command again"),
    ("readonly database", REMEDIES[errno.EACCES]),
    ("unable to open database", REMEDIES[errno.EACCES]),
    ("database is locked", "Another process holds it: end that one, then run the same command again"),
    ("malformed", "The file is damaged: put a copy from before in its place (docs/server.md, Backup)"),
    ("not a database", "Move that file away, or name the right one in MLFLOW_TRACKING_URI"),
)


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came from, the outermost first."""
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen:
        seen.add(id(now))
        yield now
        original = getattr(now, "orig", None)  # SQLAlchemy keeps the driver's error here
        if isinstance(original, BaseException):
            now = original
        elif now.__cause__ is not None or type(now).__module__.partition(".")[0] not in WRAPPERS:
            now = now.__cause__
        else:
            now = now.__context__


def machine_fault(error: BaseException, *, places: bool = True) -> str | None:
    """One sentence on what the machine lacks and what to do; None when the error is none of the machine's.

    It looks through the causes too, since libraries wrap the errors of the operating system and of databases.
    `places` False leaves the names of files out, for people who need not know where things lie.
    """
    for one in chain(error):
        told = (
            _of_system(one, places) or _of_lock(one) or _of_database(one) or _of_http(one) or _of_memory(one)
        )
        if told:
            return told
    return None


def is_full_disk(error: BaseException) -> bool:
    """Whether an error came from a disk, or a quota, that is used up."""
    return any(
        (isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT))
        or "database or disk is full" in str(one)
        for one in chain(error)
    )


def _of_system(error: BaseException, places: bool) -> str | None:
    if not isinstance(error, OSError) or error.errno not in REMEDIES:
        return None
    place = error.filename if places and isinstance(error.filename, str) else ""
    other = getattr(error, "filename2", None)
    what = f"{place} -> {other}" if place and isinstance(other, str) else place
    said = error.strerror or str(error)
    return f"{what + ': ' if what else ''}{said}. {REMEDIES[error.errno]}"


def _of_lock(error: BaseException) -> str | None:
    lock = getattr(error, "lock_file", None)
    if type(error).__name__ != "Timeout" or lock is None:
        return None
    return f"another process holds the lock {lock}. Wait until it is done or end it, then run the same command again"


def _of_database(error: BaseException) -> str | None:
    module = type(error).__module__.partition(".")[0]
    if module == "sqlite3":
        said = str(error)
        remedy = next((remedy for part, remedy in _SQLITE if part in said.lower()), None)
        return f"the SQLite database: {said}. {remedy}" if remedy else None
    if module in ("psycopg", "psycopg2") and type(error).__name__ in ("OperationalError", "AdminShutdown"):
        said = re.sub(r"\s+", " ", str(error)).strip()[:300]
        return f"the database: {said}. Start it, or wait until it is back, then run the same command again"
    return None


def _of_http(error: BaseException) -> str | None:
    if type(error).__module__.partition(".")[0] not in ("requests", "urllib3"):
        return None
    kind = type(error).__name__
    if kind not in ("ConnectionError", "ConnectTimeout", "ReadTimeout", "Timeout", "ProxyError", "SSLError",
                    "ChunkedEncodingError", "MaxRetryError", "NewConnectionError", "ProtocolError"):  # fmt: skip
        return None
    said = re.sub(r"\s+", " ", str(error)).strip()
    inner = re.search(
        r"\[Errno \d+\] ([^'\")]+)|(timed out|certificate verify failed|Name or service not known)", said
    )
    told = (inner[1] or inner[2]) if inner else said[:200]
    return f"the server can't be reached: {told}. {REMEDIES[errno.ECONNREFUSED]}"


def _of_memory(error: BaseException) -> str | None:
    return f"the memory is used up. {REMEDIES[errno.ENOMEM]}" if isinstance(error, MemoryError) else None
