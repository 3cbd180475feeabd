"""How much room the record takes: its files, and its database."""

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

FRESH_S = 30.0
"""So long a measurement counts; a long record has many files."""

_lock = threading.Lock()
_last: dict[str, tuple[float, int]] = {}


def used_bytes(*, anew: bool = False) -> int:
    """Bytes of `mlruns/`, `.veritrain/` and of the database; `anew` measures although it was measured a moment ago."""
    key = f"{project.root()} {store.uri()}"
    with _lock:
        when, known = _last.get(key, (0.0, 0))
        if anew or not when or time.monotonic() - when > FRESH_S:
            known = folder_bytes(project.artifacts()) + folder_bytes(project.state()) + _database_bytes()
            _last[key] = (time.monotonic(), known)
        return known


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder; what vanishes in between counts nothing, links are not followed."""
    total = 0
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as inside:
                for one in inside:
                    if one.is_dir(follow_symlinks=False):
                        waiting.append(one.path)
                    else:
                        total += one.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total


def _database_bytes() -> int:
    opened = engine()
    if opened.dialect.name == "postgresql":
        with opened.connect() as asking:
            return int(asking.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    place = opened.url.database or ""
    files = [Path(f"{place}{end}") for end in ("", "-wal", "-shm")] if place else []
    return sum(file.stat().st_size for file in files if file.is_file())
