"""Recognition of faults of the machine (full disk, lost database, refused connection), each described in one sentence.

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
    errno.ESTALE: "The network disk is not available: mount it again, then run the same command again",
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
"""Advice for people by error number of the operating system; other numbers do not count as faults of the machine."""

WRAPPERS = ("mlflow", "sqlalchemy", "requests", "urllib3")
"""Libraries that raise an error of their own instead of the original one without `raise ... from`."""

_SQLITE = (
    ("database or disk is full", REMEDIES[errno.ENOSPC]),
    ("disk i/o error", "The disk is full, read-only or faulty: look at it, then run the same command again"),
    ("readonly database", REMEDIES[errno.EACCES]),
    ("unable to open database", REMEDIES[errno.EACCES]),
    ("database is locked", "Another process holds it: end that one, then run the same command again"),
    ("malformed", "The file is damaged: put a copy from before in its place (docs/server.md, Backup)"),
    ("not a database", "Move that file away, or name the right one in MLFLOW_TRACKING_URI"),
)


def error_chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and the errors that caused it, the outermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        original = getattr(current, "orig", None)  # SQLAlchemy keeps the driver's error here
        if isinstance(original, BaseException):
            current = original
        elif current.__cause__ is not None or type(current).__module__.partition(".")[0] not in WRAPPERS:
            current = current.__cause__
        else:
            current = current.__context__


def machine_fault(error: BaseException, *, show_paths: bool = True) -> str | None:
    """Return one sentence that names the machine's fault behind an error and what to do; None if the machine is not at fault.

    The causes of the error are examined too, since libraries wrap errors of the operating system and of databases.

    Args:
        error: The error.
        show_paths: Whether the sentence may contain paths of files; False for readers who must not see them.
    """
    for cause in error_chain(error):
        message = (
            _system_fault(cause, show_paths)
            or _lock_fault(cause)
            or _database_fault(cause)
            or _http_fault(cause)
            or _memory_fault(cause)
        )
        if message:
            return message
    return None


def is_full_disk(error: BaseException) -> bool:
    """Return whether an error was caused by a full disk or a used-up disk quota."""
    return any(
        (isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT))
        or "database or disk is full" in str(cause)
        for cause in error_chain(error)
    )


def _system_fault(error: BaseException, show_paths: bool) -> str | None:
    if not isinstance(error, OSError) or error.errno not in REMEDIES:
        return None
    path = error.filename if show_paths and isinstance(error.filename, str) else ""
    second_path = getattr(error, "filename2", None)
    subject = f"{path} -> {second_path}" if path and isinstance(second_path, str) else path
    message = error.strerror or str(error)
    return f"{subject + ': ' if subject else ''}{message}. {REMEDIES[error.errno]}"


def _lock_fault(error: BaseException) -> str | None:
    lock = getattr(error, "lock_file", None)
    if type(error).__name__ != "Timeout" or lock is None:
        return None
    return f"another process holds the lock {lock}. Wait until it is done or end it, then run the same command again"


def _database_fault(error: BaseException) -> str | None:
    module = type(error).__module__.partition(".")[0]
    if module == "sqlite3":
        message = str(error)
        remedy = next((remedy for part, remedy in _SQLITE if part in message.lower()), None)
        return f"the SQLite database: {message}. {remedy}" if remedy else None
    if module in ("psycopg", "psycopg2") and type(error).__name__ in ("OperationalError", "AdminShutdown"):
        message = re.sub(r"\s+", " ", str(error)).strip()[:300]
        return f"the database: {message}. Start it, or wait until it is back, then run the same command again"
    return None


def _http_fault(error: BaseException) -> str | None:
    if type(error).__module__.partition(".")[0] not in ("requests", "urllib3"):
        return None
    kind = type(error).__name__
    if kind not in ("ConnectionError", "ConnectTimeout", "ReadTimeout", "Timeout", "ProxyError", "SSLError",
                    "ChunkedEncodingError", "MaxRetryError", "NewConnectionError", "ProtocolError"):  # fmt: skip
        return None
    message = re.sub(r"\s+", " ", str(error)).strip()
    inner = re.search(
        r"\[Errno \d+\] ([^'\")]+)|(timed out|certificate verify failed|Name or service not known)", message
    )
    reason = (inner[1] or inner[2]) if inner else message[:200]
    return f"the server can't be reached: {reason}. {REMEDIES[errno.ECONNREFUSED]}"


def _memory_fault(error: BaseException) -> str | None:
    return f"the memory is used up. {REMEDIES[errno.ENOMEM]}" if isinstance(error, MemoryError) else None
