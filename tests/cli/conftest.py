"""A project of its own with one small task, on which every command works."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.small_task import write_task
from veritrain_lib.cli.main import cli


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document that it must be."""
        found: dict[str, Any] = json.loads(self.out)
        return found


Run = Callable[..., Said]

SEED_ROWS = 6
"""Seed rows a label: enough for the gate."""


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the project."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture(autouse=True)
def project_of_its_own(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works on that project, from a folder of its own, and unexpected errors stay one line."""
    monkeypatch.setenv("VERITRAIN_HOME", str(home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("VERITRAIN_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run() -> Run:
    """Call the command line in this process."""

    def call(*arguments: object) -> Said:
        result = CliRunner().invoke(cli, [str(one) for one in arguments])
        return Said(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture(scope="package")
def task(home: Path) -> Path:
    """The task file of the small task."""
    return write_task(home / "small", seed_rows=SEED_ROWS)


@pytest.fixture(scope="package")
def champion(home: Path, task: Path) -> str:
    """The address of the small task's champion, trained on its seed rows."""
    from veritrain_lib.stages.inputs.tasks import find_task
    from veritrain_lib.stages.record.upstream import run_upstream
    from veritrain_lib.tracking import models

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERITRAIN_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        found = find_task(str(task))
        result, _ = run_upstream(found, "train")
        uri = str(getattr(result, "model"))  # noqa: B009  # only a train result has one
        models.set_alias(found, models.describe(found, uri).version, models.CHAMPION)
    return uri
