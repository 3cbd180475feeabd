"""A fresh store without MLflow's migrations: a copy of one that was migrated once on this machine.

A template is made once for each installed MLflow: it lies in the environment (`sys.prefix`), or in the user's
cache when that can't be written. A copy is what MLflow would have made with the project's folder as working
directory.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from veritrain_lib.tracking.address import of_file

MAKING_S = 120.0
"""How long to wait for another process that makes the template; the migrations take 1 to 10 s."""


def provide(store: Path) -> bool:
    """Put a migrated store where none is yet. False when that isn't possible: then MLflow migrates its own.

    Safe when several processes do it at once: whoever is first wins, and a store is never replaced.
    """
    if store.exists() or os.environ.get("MLFLOW_ENABLE_WORKSPACES"):
        return False
    part = store.with_name(f".{store.name}.{uuid.uuid4().hex}.part")
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        template = find() or make()
        if template is None:
            return False
        shutil.copyfile(template, part)
        _belongs_to(part, store.parent)
        # A link, unlike a rename, fails when the store is there by now; it appears whole or not at all.
        os.link(part, store)
    except (OSError, sqlite3.Error):
        # Unwritable, no links on this disk, a spoilt template: only speed is lost, MLflow says what is wrong.
        return False
    finally:
        part.unlink(missing_ok=True)
    return True


def places() -> Iterator[Path]:
    """Where a template for the installed MLflow may lie, the best place first."""
    import mlflow

    migrations = Path(mlflow.__file__).parent / "store" / "db_migrations" / "versions"
    names = "\n".join(sorted(file.name for file in migrations.glob("*.py")))
    key = hashlib.sha256(names.encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    for folder in (Path(sys.prefix) / "var" / "cache", cache):
        yield folder / "veritrain" / f"store-{mlflow.__version__}-{key}.db"


def find() -> Path | None:
    """The template, None while there is none."""
    return next((place for place in places() if place.is_file()), None)


def make() -> Path | None:
    """Make the template, or wait for the process that makes it. None where nothing can be written."""
    for place in places():
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{place}.lock", timeout=MAKING_S):
                if not place.is_file():
                    _migrate(place)
        except (OSError, Timeout):
            continue  # the next place, or none: MLflow then migrates the project's own store
        return place
    return None


def _migrate(place: Path) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    part = place.with_name(f"{uuid.uuid4().hex}.part")
    try:
        made: Any = SqlAlchemyStore(of_file(part), str(place.parent))  # type: ignore[no-untyped-call]
        made.engine.dispose()
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def _belongs_to(store: Path, project: Path) -> None:
    """Experiment 0, which MLflow makes with the store, says where its artifacts lie and when it was made."""
    now = int(time.time() * 1000)
    with closing(sqlite3.connect(store)) as opened, opened:
        changed = opened.execute(
            "UPDATE experiments SET artifact_location = ?, creation_time = ?, last_update_time = ?"
            " WHERE experiment_id = 0",
            (str(project / "mlruns" / "0"), now, now),
        )
        if changed.rowcount != 1:
            raise sqlite3.DatabaseError("the template has no experiment 0")
