"""Stages under the server find what they need in their environment, and none of the server's secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task
from veritrain_lib.loop.experiment_run import REQUEST
from veritrain_lib.server.jobs.stage_environment import environment_for_run, stage_environment
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.tracking import models, runs, store

SERVERS = {
    "SECRET_KEY": "s3cret-of-the-server-9f8e7d6c5b4a", "DATABASE_URL": "postgresql://me:pass-9f8e7d@db/x",
    "REDIS_URL": "redis://:pass-1a2b3c@cache/0", "MLFLOW_TRACKING_TOKEN": "eyJhbGciOi.x.y", "MLFLOW_BACKEND_STORE_URI": "postgresql://me:pass-9f8e7d@db/x",
    "_MLFLOW_SERVER_FILE_STORE": "postgresql://me:pass-9f8e7d@db/x", "GITHUB_TOKEN": "ghp_0123456789abcdefghij",
    "AWS_SECRET_ACCESS_KEY": "abcdEFGH1234/abcdEFGH1234", "PGPASSWORD": "pass-9f8e7d", "SMTP_URL": "smtp://u:pass-77aa@mail",
}  # fmt: skip
KEYS = {
    "OPENAI_API_KEY": "sk-0123456789abcdefghij",
    "AZURE_OPENAI_API_KEY": "0123456789abcdef0123456789abcdef",
}
REQUESTED = {
    "direction": "t", "base_model_id": "t-1", "dataset_id": "d", "champion": "models:/t/1", "seed": 3
}  # fmt: skip
PLAIN = {
    "PATH": "/bin:/usr/bin",
    "LANG": "C.UTF-8",
    "OPENAI_BASE_URL": "http://localhost:1/v1",
    "MONKEY": "business",
}


@pytest.fixture
def task(home: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    made = find_task(str(write_tiny(home / "task")))
    for name, value in {**SERVERS, **KEYS, **PLAIN}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home}/mlflow.db")
    return made


def test_none_of_the_servers_secrets_is_there_and_all_else_is(task: Task, home: Path) -> None:
    found = stage_environment(task)
    assert not {*SERVERS, *KEYS} & set(found)
    assert not any(
        secret in value for secret in SERVERS.values() for value in found.values() if len(secret) > 4
    )
    assert {name: found[name] for name in PLAIN} == PLAIN
    assert found["VERITRAIN_HOME"] == str(home)
    assert found["MLFLOW_TRACKING_URI"] == f"sqlite:///{home}/mlflow.db"


def test_a_stage_gets_the_key_of_the_service_that_its_task_names(task: Task, home: Path) -> None:
    paid = {"name": "openai", "parameters": {"base": "openai:/gpt-4.1-mini"}}
    other = find_task(str(write_tiny(home / "paid", "paid", trainer=paid)))
    found = stage_environment(other)
    assert found["OPENAI_API_KEY"] == KEYS["OPENAI_API_KEY"]
    assert "AZURE_OPENAI_API_KEY" not in found


def test_and_of_the_model_that_it_is_to_open(task: Task) -> None:
    store.client().create_registered_model("far")
    store.client().create_model_version("far", "x", tags={models.ADDRESS: "azure:/deployment"})
    assert set(stage_environment(task, ["models:/far/1"])) & set(KEYS) == {"AZURE_OPENAI_API_KEY"}
    assert set(stage_environment(task, ["models:/far/2"])) & set(KEYS) == set()
    run = runs.open_run(
        task, "asked", kind="round", tags={REQUEST: json.dumps({**REQUESTED, "champion": "openai:/m"})}
    )
    assert set(environment_for_run(run)) & set(KEYS) == {"OPENAI_API_KEY"}


def test_an_extensions_key_is_named_by_a_setting(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERITRAIN_STAGE_VARIABLES", "GITHUB_TOKEN, OTHER")
    found = stage_environment(task)
    assert found["GITHUB_TOKEN"] == SERVERS["GITHUB_TOKEN"]
    assert "SECRET_KEY" not in found


def test_only_the_process_of_an_experiment_that_workers_do_reaches_them(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, other, report = (
        runs.open_run(task, "asked", kind=kind, tags=tags)
        for kind, tags in [
            ("round", {REQUEST: json.dumps(REQUESTED)}),
            ("round", {REQUEST: json.dumps({**REQUESTED, "trainer": {"C": 2.0}})}),
            ("report", {}),
        ]
    )
    assert not set(SERVERS) & set(environment_for_run(plain)), "the default runner needs none of them"
    monkeypatch.setenv("VERITRAIN_RUNNER", "celery")
    found = environment_for_run(plain)
    assert {name: found[name] for name in set(SERVERS) & set(found)} == {
        name: SERVERS[name] for name in ("DATABASE_URL", "REDIS_URL")
    }
    assert set(environment_for_run(other)) == set(found)
    assert not set(SERVERS) & set(environment_for_run(report)), "its stages run here"
