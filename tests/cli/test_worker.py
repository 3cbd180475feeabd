"""`veritrain worker` and `--runner celery` say what is missing before anything is started."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from veritrain_lib.cli.main import cli
from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.execution.jobs import LocalRunner
from veritrain_lib.execution.runner_choice import chosen_runner, notebook_runner, open_runner

POSTGRESQL = "postgresql://nobody:s3cret@127.0.0.1:1/none"


@pytest.fixture(autouse=True)
def _settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "VERITRAIN_RUNNER", "VERITRAIN_JOB_MINUTES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(home)


def _worker(*arguments: str) -> Result:
    # A copy: a command keeps the help option of its first call, and this one comes without that of the group, `-h`.
    return CliRunner().invoke(copy.copy(cli.get_command(None, "worker")), arguments)  # type: ignore[arg-type]


def test_a_record_of_one_machine_is_refused() -> None:
    error = _worker().exception
    assert isinstance(error, Infrastructure)
    assert "a worker can't use this record (sqlite:" in str(error)
    assert "Set DATABASE_URL=postgresql://" in str(error)
    with pytest.raises(Infrastructure, match="the runner celery can't use this record"):
        open_runner("celery")


def test_a_missing_redis_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", POSTGRESQL)
    error = _worker().exception
    assert isinstance(error, Infrastructure)
    assert "REDIS_URL is not set" in str(error)


def test_a_queue_that_there_is_not_is_named() -> None:
    error = _worker("--queues", "cpu,tpu").exception
    assert isinstance(error, UserError)
    assert str(error) == "--queues is 'cpu,tpu'; allowed, separated by commas: cpu, gpu, teacher"


def test_a_limit_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", POSTGRESQL)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("VERITRAIN_JOB_MINUTES", "soon")
    error = _worker().exception
    assert isinstance(error, UserError)
    assert str(error) == "VERITRAIN_JOB_MINUTES is 'soon'; a number above 0 is needed"


def test_one_setting_chooses_the_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen_runner() == "local"
    assert isinstance(open_runner(), LocalRunner)
    monkeypatch.setenv("VERITRAIN_RUNNER", "celery")
    assert chosen_runner() == "celery"
    assert chosen_runner("local") == "local"
    assert isinstance(notebook_runner(), LocalRunner), "a single notebook runs here, whatever loops use"
    monkeypatch.setenv("VERITRAIN_RUNNER", "cloud")
    with pytest.raises(UserError, match="VERITRAIN_RUNNER is 'cloud'; allowed: local, celery"):
        chosen_runner()
