"""A record in which one loop of the tiny task was walked to its end, and a server over it: made once a module."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.server.linked import bearer
from tests.stages.in_process import InProcess
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task
from veritrain_lib.loop.loop import run_loop
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.stages.report.record import ReportSpec
from veritrain_lib.tracking import runs

SETTINGS = (
    "SECRET_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "ALLOWED_ORIGINS",
    "ALLOWED_HOSTS",
    "MLFLOW_TRACKING_URI",
)


@dataclass
class Walked:
    """A project whose loop ended. `rounds` are its rounds' runs by number, `draft` is the dataset of round 1."""

    home: Path
    task: Task
    rounds: dict[int, str]
    draft: str
    seed: str


@contextmanager
def project_in(home: Path, empty_store: Path, **settings: str) -> Iterator[Path]:
    """Make a folder a project with an empty record and stay in it until the end, with these environment variables."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(empty_store, home / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        for name in SETTINGS:
            patch.delenv(name, raising=False)
        for name, value in {"VERITRAIN_HOME": str(home), **settings}.items():
            patch.setenv(name, value)
        yield home


@contextmanager
def walked_home(home: Path, empty_store: Path, **settings: str) -> Iterator[Walked]:
    """Walk one round in a folder, and stay in that project until the end, with these environment variables."""
    with project_in(home, empty_store, **settings), pytest.MonkeyPatch.context() as patch:
        patch.setattr(ReportSpec, "_store", lambda self, run_id, result: None)
        task = find_task(str(write_tiny(home / "task", budget={"rounds": 1, "rows_per_round": 15})))
        run_loop(task, runner=InProcess())
        found = runs.search(task, "tags.`veritrain.kind` = 'round'")
        rounds = {int(run.data.tags["veritrain.round"]): run for run in found}
        yield Walked(
            home,
            task,
            {number: run.info.run_id for number, run in rounds.items()},
            rounds[1].data.tags["veritrain.run.generate"],
            rounds[0].data.tags["veritrain.run.gate"],
        )


@contextmanager
def server_over() -> Iterator[TestClient]:
    """A server of this process over the project that it is in."""
    import mlflow.server.handlers as theirs

    from veritrain_lib.server.app import create_app
    from veritrain_lib.server.database import migrate
    from veritrain_lib.server.environment import environment
    from veritrain_lib.tracking import mlflow_server

    with pytest.MonkeyPatch.context() as patch:
        for name in mlflow_server.environment():
            patch.setenv(name, "")  # remembered, so that what a server of this process sets is taken back
            patch.delenv(name)
        for name in ("_tracking_store", "_model_registry_store", "_artifact_repo"):
            if hasattr(theirs, name):
                patch.setattr(theirs, name, None)
        environment.cache_clear()
        migrate.upgrade()
        client = TestClient(
            create_app(), base_url="http://127.0.0.1:8000", headers=bearer(), raise_server_exceptions=False
        )
        with client:
            yield client
