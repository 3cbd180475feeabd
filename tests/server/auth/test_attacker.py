"""An attacker with an account: every way in which code has come in, and every route that writes, by an editor and a viewer.

The proof is a file that the attacker's command would make (`canary`), and that nothing changed which loop and server
decide by or that lies outside the folders of the attacker's own runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests import hostile_models
from tests.server.auth.conftest import Guarded
from tests.server.auth.test_roles import READS, _mlflow, _ours, _path
from tests.server.resources.conftest import stage
from tests.stages.in_process import InProcess
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task
from veritrain_lib.models.base import open_model
from veritrain_lib.server import run_job
from veritrain_lib.server.jobs import background
from veritrain_lib.server.resources.models import probing
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.tracking import models, runs, store

MLFLOW, AJAX = "/api/2.0/mlflow", "/ajax-api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"

RULE = "import pathlib\npathlib.Path({canary!r}).touch()\n\ndef mine(rows, context):\n    return rows['id'].map(lambda _: '')\n"


@pytest.fixture(scope="module")
def task(guarded: Guarded) -> Task:
    """A task with a champion."""
    task = find_task(str(write_tiny(guarded.home / "task")))
    stage("gate", task, dataset="seed")
    stage("train", task)
    models.set_alias(task, 1, models.CHAMPION)
    return task


@pytest.fixture
def canary(guarded: Guarded) -> Path:
    return guarded.home / "canary"


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    """What the server would start in processes of its own is done here, where a command that ran is seen as well."""
    registry.register("models", "hostile", hostile_models.open_hostile)
    monkeypatch.setattr(probing, "_run_process", lambda arguments, environment: probing.main(arguments))
    monkeypatch.setattr("veritrain_lib.execution.runner_choice.notebook_runner", lambda **_: InProcess())


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Does what the server would launch."""
    noted: list[str] = []
    monkeypatch.setattr(background, "launch", noted.append)

    def do() -> None:
        while noted:
            run_id = noted.pop()
            module, _, name = run_job.JOB_FUNCTIONS[runs.get(run_id).data.tags["veritrain.kind"]].partition(
                ":"
            )
            try:
                getattr(import_module(module), name)(run_id, runner=InProcess())
            except UserError as error:
                runs.end_run(run_id, "FAILED", str(error))

    return do


class Attacker:
    """Somebody with an account who writes by MLflow's routes. `run` is a run of their own among the task's."""

    def __init__(self, client: TestClient, task: Task) -> None:
        self.client = client
        experiment = store.experiment(task).experiment_id
        made = client.post(f"{MLFLOW}/runs/create", json={"experiment_id": experiment})
        self.run = made.json()["run"]["info"]["run_id"] if made.status_code == 200 else "0" * 32

    def put(self, file: Path, place: str, *, by_ajax: bool) -> int:
        """A file of theirs, among the files of their run."""
        if by_ajax:
            query = {"run_uuid": self.run, "path": place}
            return self.client.post(
                f"{AJAX}/upload-artifact", params=query, content=file.read_bytes()
            ).status_code
        return self.client.put(
            f"{PROXY}/tiny/{self.run}/artifacts/{place}", content=file.read_bytes()
        ).status_code

    def put_all(self, folder: Path, place: str, *, by_ajax: bool = False) -> set[int]:
        return {
            self.put(file, f"{place}/{file.relative_to(folder).as_posix()}", by_ajax=by_ajax)
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }

    def kept(self, home: Path) -> Path:
        """Where the server put them."""
        return home / "mlruns" / "tiny" / self.run / "artifacts"

    def register(self, source: str) -> str:
        """Their files as a version of the task's model; "" when that is refused."""
        body = {"name": "tiny", "source": source, "run_id": self.run}
        made = self.client.post(f"{MLFLOW}/model-versions/create", json=body)
        return str(made.json()["model_version"]["version"]) if made.status_code == 200 else ""


@pytest.fixture(params=["editor", "viewer"])
def attacker(request: pytest.FixtureRequest, guarded: Guarded, task: Task) -> Attacker:
    return Attacker(guarded.signed_in(request.param), task)


def is_editor(attacker: Attacker) -> bool:
    return attacker.run != "0" * 32


WAYS_IN = [
    pytest.param(
        role, write, by_ajax, marks=() if quick else pytest.mark.slow, id=f"{role}-{write.__name__}-{by_ajax}"
    )
    for write in hostile_models.HOSTILE
    for role, by_ajax, quick in (
        ("editor", False, write is hostile_models.code),
        ("editor", True, write is hostile_models.pickled),
        ("viewer", False, False),
    )
    if role == "editor" or write is hostile_models.code
]


@pytest.mark.parametrize(("role", "write", "by_ajax"), WAYS_IN)
def test_a_model_that_is_code_is_opened_by_no_route(
    guarded: Guarded, task: Task, canary: Path, tmp_path: Path, role: str, by_ajax: bool,
    write: Callable[[Path, Path], None], launched: Callable[[], None],
) -> None:  # fmt: skip
    """The way it was done: files by the artifact routes, `model-versions/create`, then have the server open it."""
    attacker = Attacker(guarded.signed_in(role), task)
    folder = tmp_path / "model"
    folder.mkdir()
    write(folder, canary)
    put = attacker.put_all(folder, "model", by_ajax=by_ajax)
    assert (200 if is_editor(attacker) else 403) in put
    assert not put - {200, 400, 403}, "400: an empty file"
    kept = attacker.kept(guarded.home) / "model"
    assert attacker.register(kept.as_uri()) == "", "a file of the machine is no source"
    version = attacker.register(f"runs:/{attacker.run}/model")
    assert bool(version) == is_editor(attacker)
    known = version or "1"
    said = attacker.client.post(f"/api/v1/models/tiny-{known}/probe", json={"testCases": ["my invoice"]})
    if version:
        assert said.status_code in (409, 422), said.text
        if write in hostile_models.RUNS:
            digest = models.model_contents(f"models:/tiny/{version}").digest
            assert f"veritrain approve {digest}" in said.json()["detail"]
        asked = {"name": "x", "task": "tiny", "baseModelId": f"tiny-{version}", "datasetId": _passed(task)}
        made = attacker.client.post("/api/v1/experiments", json=asked).json()
        attacker.client.post(f"/api/v1/experiments/{made.get('id')}/start")
        launched()
        with pytest.raises(UserError):
            open_model(f"models:/tiny/{version}", task)  # a stage on the command line
    for address in (
        f"hostile:{kept / 'artifacts' / 'hostile'}", f"student:{kept / 'artifacts' / 'student'}",
        f"lora:{kept / 'artifacts' / 'lora'}", f"memory:{kept}", f"models:/tiny/{known}",
    ):  # fmt: skip
        filed = attacker.client.post(
            "/api/v1/models",
            json={"name": "filed", "type": "base", "config": {"address": address, "task": "tiny"}},
        )
        if filed.status_code == 201 and address != "models:/tiny/1":
            attacker.client.post(f"/api/v1/models/{filed.json()['id']}/probe", json={"testCases": ["a"]})
    assert not canary.exists(), "the attacker's command ran"


def _passed(task: Task) -> str:
    """The dataset that passed the gate."""
    (gate,) = runs.search(task, "tags.`veritrain.stage` = 'gate'")[:1]
    return str(gate.info.run_id)


def test_rules_task_files_suites_and_notebooks_run_from_nowhere_a_client_writes(
    guarded: Guarded,
    task: Task,
    attacker: Attacker,
    canary: Path,
    tmp_path: Path,
    launched: Callable[[], None],
) -> None:
    folder = tmp_path / "project"
    write_tiny(folder, gate_rules=["rule.py"])
    (folder / "rule.py").write_text(RULE.format(canary=str(canary)))
    cell = {"cell_type": "code", "source": RULE.format(canary=str(canary)), "metadata": {}, "outputs": [],
            "execution_count": None, "id": "a"}  # fmt: skip
    for name in ("01_probe.ipynb", "03_gate.ipynb"):
        (folder / name).write_text(
            json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        )
    attacker.put_all(folder, "project")
    kept = attacker.kept(guarded.home) / "project"
    experiment = store.experiment(task).experiment_id
    client = attacker.client
    for name, value in (("veritrain.task_file", str(kept / "task.yaml")), ("veritrain.last_used", "9e12")):
        for way in (MLFLOW, AJAX):
            body = {"experiment_id": experiment, "key": name, "value": value}
            assert client.post(f"{way}/experiments/set-experiment-tag", json=body).status_code == 403
    tag = {"key": "veritrain.task_file", "value": str(kept / "task.yaml")}
    body = {"name": f"mine {attacker.run}", "tags": [tag]}
    assert client.post(f"{MLFLOW}/experiments/create", json=body).status_code == 403
    for named in (
        str(kept / "task.yaml"),
        str(kept),
        f"mlruns/tiny/{attacker.run}/artifacts/project/task.yaml",
        "../task",
    ):
        asked = {"name": "x", "task": named, "datasetId": _passed(task)}
        assert client.post("/api/v1/experiments", json=asked).status_code in (403, 422)
        generated = {
            "name": "x",
            "task": named,
            "targetCount": 5,
            "seedSource": {"type": "corpus"},
            "direction": "x",
        }
        assert client.post("/api/v1/datasets/generate", json=generated).status_code in (403, 422)
        form = {"task": named, "suite": str(kept / "suite.json"), "gate_rules": "rule.py"}
        client.post(
            "/api/v1/datasets", data=form, files={"file": ("a.csv", "text,label\nhello there,greeting\n")}
        )
        launched()
        with pytest.raises(UserError):
            find_task(named)
    recipe = {
        "training_recipe": {"gate_rules": ["rule.py"], "base": str(kept), "code": str(kept / "rule.py")}
    }
    asked = {"name": "x", "task": "tiny", "datasetId": _passed(task), "config": recipe}
    made = client.post("/api/v1/experiments", json=asked).json()
    client.post(f"/api/v1/experiments/{made.get('id')}/start")
    launched()
    assert not canary.exists(), "the attacker's command ran"
    assert find_task("tiny").path == task.path


OUTSIDE = (
    "../../../../task/rule.py", "..%2f..%2f..%2f..%2ftask%2frule.py", "%2e%2e/%2e%2e/%2e%2e/%2e%2e/notebooks/01_probe.ipynb",
    "....//....//task/rule.py", "..\\..\\task\\rule.py", "/etc/cron.d/x", "%252e%252e/%252e%252e/%252e%252e/gates/a.json",
)  # fmt: skip


def test_no_path_leads_out_of_the_attackers_own_files(
    guarded: Guarded, attacker: Attacker, tmp_path: Path
) -> None:
    before = outside(guarded.home)
    rule = b"import os"
    for path in OUTSIDE:
        for way in (PROXY, PROXY.replace("/api/", "/ajax-api/")):
            for start in (f"tiny/{attacker.run}/artifacts/", "tiny/", "", "0/"):
                found = attacker.client.put(f"{way}/{start}{path}", content=rule)
                assert found.status_code >= 400 or "...." in path or path.startswith("/"), (path, found.text)
                attacker.client.post(
                    f"{way.replace('/artifacts', '/mpu/create')}/{start}{path}", json={"num_parts": 1}
                )
        query = {"run_uuid": attacker.run, "path": path}
        attacker.client.post(f"{AJAX}/upload-artifact", params=query, content=rule)
    for place in (
        "mlflow-artifacts:/../task",
        "mlflow-artifacts:/%2e%2e/task",
        f"file://{guarded.home}/task",
        "task",
    ):
        body = {"name": f"at {place} {attacker.run}", "artifact_location": place}
        assert attacker.client.post(f"{MLFLOW}/experiments/create", json=body).status_code == 403
    assert outside(guarded.home) == before


def outside(home: Path) -> dict[str, str]:
    """Every file of the project that is no database, log or artifact, by its content."""
    skipped = ("mlflow.db", ".veritrain", "mlruns")
    return {
        file.relative_to(home).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(home.rglob("*"))
        if file.is_file() and not file.relative_to(home).parts[0].startswith(skipped)
    }


def decided(task: Task) -> dict[str, Any]:
    """What loop and server decide by."""
    experiment = store.client().get_experiment(store.experiment(task).experiment_id)
    champion = models.by_alias(task, models.CHAMPION)
    ours = runs.search(task, "tags.`veritrain.stage` = 'gate'") + runs.search(
        task, "tags.`veritrain.stage` = 'train'"
    )
    return {
        "champion": champion and (champion.uri, champion.digest),
        "experiment": {key: value for key, value in experiment.tags.items() if key.startswith("veritrain.")},
        "name": experiment.name,
        "runs": {
            run.info.run_id: (
                run.info.status,
                {k: v for k, v in run.data.tags.items() if k.startswith("veritrain.")},
            )
            for run in ours
        },
    }


def bodies_of(attacker: Attacker, task: Task, canary: Path) -> Iterator[dict[str, Any]]:
    """Bodies that hold whatever a route may read, in the forms of the protocol."""
    (train,) = runs.search(task, "tags.`veritrain.stage` = 'train'")[:1]
    experiment = store.experiment(task).experiment_id
    tag = {"key": "veritrain.look.x.1", "value": "1"}
    whole = {
        "name": "tiny", "version": "1", "alias": "champion", "new_name": "other", "experiment_id": experiment,
        "run_id": train.info.run_id, "run_uuid": train.info.run_id, "status": "FAILED", "stage": "Production",
        "source": f"file://{canary.parent}", "artifact_location": f"file://{canary.parent}", "path": "../x",
        "archive_existing_versions": True, "description": "x", "command": f"touch {canary}", "url": f"file://{canary}",
        "message": f"!touch {canary}", "digest": "0" * 64, "address": f"hostile:{canary.parent}",
        "config": {"address": f"hostile:{canary.parent}"}, "python": f"import os; os.system('touch {canary}')",
    }  # fmt: skip
    yield {**whole, **tag, "tags": [tag]}
    yield {**whole, "tags": [tag]}
    yield whole
    yield {**whole, "run_id": attacker.run, "run_uuid": attacker.run, **tag}
    yield {"name": "tiny", "version": "1", "alias": "champion"}


@pytest.mark.slow
@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_every_route_that_writes_leaves_code_and_decisions_alone(
    guarded: Guarded, task: Task, canary: Path, role: str, launched: Callable[[], None]
) -> None:
    attacker = Attacker(guarded.signed_in(role), task)
    before, files = decided(task), outside(guarded.home)
    asked = 0
    routes = [*_mlflow(guarded), *_ours(guarded)]
    own = ("/api/v1/auth/", "/login", "/logout", "/socket.io")  # of the account itself
    for method, template in routes:
        if method in (*READS, "WEBSOCKET") or template.startswith(own):
            continue
        # Deleting what is there is what editors may do by our own API; here nothing of that name is there.
        for body in bodies_of(attacker, task, canary):
            asked += 1
            found = attacker.client.request(method, _path(template), json=body)
            assert found.status_code < 500 or not template.startswith("/api/v1"), (
                method,
                template,
                found.text,
            )
    launched()
    assert asked > 1000
    assert not canary.exists(), "the attacker's command ran"
    assert decided(task) == before
    assert outside(guarded.home) == files
