"""Disk usage of a project: artifacts, state and MLflow's database."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from sqlalchemy import text

from veritrain_lib.core import project
from veritrain_lib.server.database.session import engine
from veritrain_lib.tracking import store

GB = 1024**3
MB = 1024**2

CACHE_S = 30.0
"""Seconds for which a measurement is reused, since a project can have many files."""

_lock = threading.Lock()
_last: dict[str, tuple[float, int]] = {}


def used_bytes(*, force: bool = False) -> int:
    """Return the bytes that the project takes on the disk: `mlruns/`, `.veritrain/` and the database.

    Args:
        force: Measure again even if the last measurement is less than `CACHE_S` seconds old.
    """
    key = f"{project.root()} {store.uri()}"
    with _lock:
        measured_at, total_bytes = _last.get(key, (0.0, 0))
        if force or not measured_at or time.monotonic() - measured_at > CACHE_S:
            total_bytes = (
                folder_bytes(project.artifacts()) + folder_bytes(project.state()) + _database_bytes()
            )
            _last[key] = (time.monotonic(), total_bytes)
        return total_bytes


def folder_bytes(folder: Path) -> int:
    """Return the total size in bytes of all files below a folder.

    Links are not followed; files that are deleted meanwhile are skipped.
    """
    total = 0
    pending = [str(folder)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total


def _database_bytes() -> int:
    """Return the size of MLflow's database in bytes, PostgreSQL or SQLite."""
    database = engine()
    if database.dialect.name == "postgresql":
        with database.connect() as connection:
            return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    database_file = database.url.database or ""
    files = [Path(f"{database_file}{end}") for end in ("", "-wal", "-shm")] if database_file else []
    return sum(file.stat().st_size for file in files if file.is_file())
