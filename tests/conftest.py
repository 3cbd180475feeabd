"""A record of its own for every test that asks for one: a fresh store, copied from one migrated template."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from veritrain_lib.core import registry
from veritrain_lib.fast.warm import zygote

MIGRATE = (
    "import sys; from mlflow.tracking import MlflowClient; MlflowClient(sys.argv[1]).search_experiments()"
)


LONGEST_FIRST = (
    "test_notebooks_run", "test_server_live", "test_canaries", "test_processes", "test_server_process", "test_worker_process",
    "test_server_whole_loop", "test_sweep", "test_kills", "test_remote_stages", "test_two_machines",
    "test_no_key_in_the_record", "test_many_notebooks", "test_clinc150", "test_server_schemathesis", "test_ledger_kills",
    "test_loop_command", "test_run_again", "test_plain_papermill", "test_interrupted_runs", "test_zygote", "test_postgresql",
    "test_meetings", "test_fork_safety", "test_provisioner", "test_loop",
)  # fmt: skip
"""Files that take minutes, the longest first: begun last, they would keep one worker waiting for the other."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest (with `--no-loadscope-reorder`, which keeps this order)."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


def pytest_collection_finish() -> None:
    """Let Python's garbage collector run seldom, and never over what collecting the tests imported.

    In a process that has imported this much, a full collection takes half a second; with Python's own thresholds they
    are a fifth of the tests' time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty sqlite store after all of MLflow's migrations (about 4 s), made once for all workers."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    file = shared / "empty_store" / "mlflow.db"
    with FileLock(shared / "empty_store.lock"):
        if not file.exists():
            # In a process of its own: no engine of this one must hold the template open.
            file.parent.mkdir(exist_ok=True)
            part = file.with_name("making.db")
            environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
            subprocess.run([sys.executable, "-c", MIGRATE, f"sqlite:///{part}"], check=True, env=environment)
            part.rename(file)
    return file


@pytest.fixture(autouse=True)
def _registered_for_one_test_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers by hand is gone after it, and so is what it asks zygotes to prepare."""
    monkeypatch.setattr(registry, "_added", {})
    monkeypatch.setattr(zygote, "_prepare", {})


@pytest.fixture
def new_home(empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Path]:
    """Makes a folder a project with an empty record, and goes there. A later call goes to another project."""

    def go(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "mlflow.db").exists():
            shutil.copy(empty_store, folder / "mlflow.db")
        monkeypatch.setenv("VERITRAIN_HOME", str(folder))
        # MLflow writes the store it was last pointed at into this variable.
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
        return folder

    monkeypatch.delenv("VERITRAIN_STATUS_FILE", raising=False)
    return go


@pytest.fixture
def home(new_home: Callable[[Path], Path], tmp_path: Path) -> Path:
    """A project with an empty record, in which this test works."""
    return new_home(tmp_path)


@pytest.fixture
def shared_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a machine whose record other machines share: an empty PostgreSQL database, and Redis for its jobs."""
    from tests.machines import free_redis
    from tests.server.postgres import new_database
    from veritrain_lib.tracking.state import database

    with new_database() as address, free_redis() as redis_url:
        monkeypatch.setenv("DATABASE_URL", address)
        monkeypatch.setenv("REDIS_URL", redis_url)
        monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path / "main"))
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
        (tmp_path / "main").mkdir()
        yield tmp_path / "main"
        database.engine().dispose()
