"""Fast creation of MLflow stores: each is a copy of a template file whose migrations ran once on this machine.

There is one template for each installed MLflow version, in the Python environment (`sys.prefix`), or in the user's
cache folder if the environment can't be written. A copy equals the file that MLflow would have created.
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

from veritrain_lib.tracking.address import sqlite_uri
from veritrain_lib.tracking.sqlite_settings import use_wal

MIGRATION_TIMEOUT_S = 120.0
"""Seconds to wait for another process that is making the template; the migrations take 1 to 10 s."""


def create_store(store: Path) -> bool:
    """Create the project's MLflow store from the template if there is no store yet; return whether it was created.

    If it returns False, MLflow creates or migrates the store itself. Several processes may call this at the same time:
    the first one wins, and an existing store is never replaced.

    Args:
        store: Path of the store's SQLite file.
    """
    if store.exists() or os.environ.get("MLFLOW_ENABLE_WORKSPACES"):
        return False
    partial = store.with_name(f".{store.name}.{uuid.uuid4().hex}.part")
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        template = find_template() or make_template()
        if template is None:
            return False
        shutil.copyfile(template, partial)
        with closing(sqlite3.connect(partial)) as connection:
            _set_default_experiment(connection, store.parent)
            # Before anybody else can open it: while others read it, the switch would have to wait for them.
            use_wal(connection, None)
        # A link, unlike a rename, fails if the store exists by now; it appears completely or not at all.
        os.link(partial, store)
    except (OSError, sqlite3.Error):
        # Not writable, no links on this disk, a damaged template: only speed is lost, MLflow reports the error.
        return False
    finally:
        partial.unlink(missing_ok=True)
    return True


def template_paths() -> Iterator[Path]:
    """Yield the paths that the template for new stores of the installed MLflow version may have, best first."""
    import mlflow

    migrations = Path(mlflow.__file__).parent / "store" / "db_migrations" / "versions"
    names = "\n".join(sorted(file.name for file in migrations.glob("*.py")))
    key = hashlib.sha256(names.encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    for folder in (Path(sys.prefix) / "var" / "cache", cache):
        yield folder / "veritrain" / f"store-{mlflow.__version__}-{key}.db"


def find_template() -> Path | None:
    """Return the path of the template for new MLflow stores; None if there is none yet."""
    return next((path for path in template_paths() if path.is_file()), None)


def make_template() -> Path | None:
    """Make the template for new MLflow stores, or wait for another process that makes it, and return its path.

    None means that it could not be written anywhere.
    """
    for path in template_paths():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{path}.lock", timeout=MIGRATION_TIMEOUT_S):
                if not path.is_file():
                    _migrate(path)
        except (OSError, Timeout):
            continue  # try the next path; without any, MLflow migrates the project's own store
        return path
    return None


def _migrate(path: Path) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    partial = path.with_name(f"{uuid.uuid4().hex}.part")
    try:
        created: Any = SqlAlchemyStore(sqlite_uri(partial), str(path.parent))  # type: ignore[no-untyped-call]
        created.engine.dispose()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _set_default_experiment(connection: sqlite3.Connection, project: Path) -> None:
    """Set artifact location and creation time of experiment 0 in a copied store, as if MLflow had created it there.

    Raises:
        sqlite3.DatabaseError: The store has no experiment 0.
    """
    now = int(time.time() * 1000)
    with connection:
        cursor = connection.execute(
            "UPDATE experiments SET artifact_location = ?, creation_time = ?, last_update_time = ?"
            " WHERE experiment_id = 0",
            (str(project / "mlruns" / "0"), now, now),
        )
        if cursor.rowcount != 1:
            raise sqlite3.DatabaseError("the template has no experiment 0")
