"""A record that a small loop has filled, worked out once a process, and a server over it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.server.conftest import _forget_stores
from tests.server.documented import hold
from tests.server.linked import bearer
from tests.stages.in_process import InProcess
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task
from veritrain_lib.server import run_job
from veritrain_lib.server.jobs import background
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.stages.record.stage_run import StageRun, prepare

UNSET = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_ORIGINS", "ALLOWED_HOSTS")


@pytest.fixture(scope="session")
def worked(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which a loop of two rounds has run on the task `tiny`."""
    from veritrain_lib.core.task import load_task
    from veritrain_lib.loop.loop import run_loop

    folder = tmp_path_factory.mktemp("worked")
    shutil.copy(empty_store, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERITRAIN_HOME", str(folder))
        for name in ("MLFLOW_TRACKING_URI", "DATABASE_URL", "VERITRAIN_STATUS_FILE"):
            patch.delenv(name, raising=False)
        run_loop(load_task(write_tiny(folder / "task")), runner=InProcess())
    return folder


@pytest.fixture(scope="module")
def api(worked: Path) -> Iterator[TestClient]:
    """A server without a login over the filled record. Tests share both: what one adds, others see."""
    with pytest.MonkeyPatch.context() as patch:
        yield from _served(worked, patch)


def _served(worked: Path, patch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    from veritrain_lib.server.app import create_app
    from veritrain_lib.server.database import migrate
    from veritrain_lib.server.environment import environment
    from veritrain_lib.tracking import mlflow_server

    for name in (*UNSET, "MLFLOW_TRACKING_URI", "VERITRAIN_STATUS_FILE"):
        patch.delenv(name, raising=False)
    patch.setenv("VERITRAIN_HOME", str(worked))
    for name in mlflow_server.environment():
        patch.setenv(name, "")  # remembered, so that it is taken back
        patch.delenv(name)
    _forget_stores(patch)
    environment.cache_clear()
    migrate.upgrade()
    base = "http://127.0.0.1:8000/api/v1"
    with TestClient(create_app(), base_url=base, headers=bearer(), raise_server_exceptions=False) as client:
        yield hold(client)
    environment.cache_clear()


@pytest.fixture
def task(home: Path) -> Task:
    """A task that the record knows; its gate wants half of the rows to be no copies."""
    return find_task(str(write_tiny(home / "task")))


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Work is not begun but noted: the ids of its runs."""
    noted: list[str] = []
    monkeypatch.setattr(background, "launch", noted.append)
    return noted


@pytest.fixture
def do_work(launched: list[str]) -> Callable[[], InProcess]:
    """Does what was launched, in this process, as the detached worker would."""

    def do() -> InProcess:
        from importlib import import_module

        from veritrain_lib.tracking import runs

        runner = InProcess()
        while launched:
            run_id = launched.pop(0)
            module, _, name = run_job.JOB_FUNCTIONS[runs.get(run_id).data.tags["veritrain.kind"]].partition(
                ":"
            )
            getattr(import_module(module), name)(run_id, runner)
        return runner

    return do


def stage(name: str, task: Task, **parameters: object) -> StageRun:
    """A stage as a person at a notebook would do it who asks for what is missing."""
    stood = prepare(name, {"task": str(task.path), "run_upstream": True, **parameters})
    stood.run()
    stood.finish()
    return stood
