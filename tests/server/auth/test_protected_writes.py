"""What loop and server decide by is theirs and the admins', by every way in which MLflow's server can be asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.server.auth.conftest import Guarded
from tests.server.resources.conftest import stage
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.tracking import runs

WAYS = ("/api/2.0/mlflow", "/ajax-api/2.0/mlflow")
TAG = {"key": "veritrain.look.abc.1", "value": "x"}


@pytest.fixture(scope="module")
def task(guarded: Guarded) -> Task:
    task = find_task(str(write_tiny(guarded.home / "task")))
    stage("gate", task, dataset="seed")
    stage("train", task)
    return task


@pytest.fixture(scope="module")
def mine(guarded: Guarded) -> str:
    """A run of an editor's own, in an experiment of their own."""
    editor = guarded.signed_in("editor")
    made = editor.post(f"{WAYS[0]}/experiments/create", json={"name": "mine"}).json()["experiment_id"]
    run: str = editor.post(f"{WAYS[0]}/runs/create", json={"experiment_id": made}).json()["run"]["info"][
        "run_id"
    ]
    editor.post(f"{WAYS[0]}/registered-models/create", json={"name": "mine"})
    return run


def statuses(client: TestClient, method: str, path: str, body: Any) -> Iterator[int]:
    for way in WAYS:
        yield client.request(method, f"{way}/{path}", json=body).status_code
        yield client.request(method, f"{way}/{path}", json=json.dumps(body)).status_code  # encoded twice
        yield client.request(method, f"{way}/{path}", content=json.dumps(body).encode("utf-16")).status_code


def test_an_editor_sets_no_tag_that_decides(guarded: Guarded, task: Task, mine: str) -> None:
    editor, admin = guarded.signed_in("editor"), guarded.signed_in("admin")
    for method, path, body in (
        ("POST", "runs/set-tag", {"run_id": mine, **TAG}), ("POST", "runs/set-tag", {"runUuid": mine, **TAG}),
        ("POST", "runs/delete-tag", {"run_id": mine, "key": TAG["key"]}),
        ("POST", "runs/create", {"experiment_id": "0", "tags": [TAG]}),
        ("POST", "runs/log-batch", {"run_id": mine, "tags": [{"key": "a", "value": "b"}, TAG]}),
        ("POST", "experiments/set-experiment-tag", {"experiment_id": "0", **TAG}),
        ("POST", "experiments/delete-experiment-tag", {"experimentId": "0", "key": TAG["key"]}),
        ("POST", "experiments/create", {"name": "tagged", "tags": [TAG]}),
        ("POST", "registered-models/create", {"name": "tagged", "tags": [TAG]}),
        ("POST", "registered-models/set-tag", {"name": "mine", **TAG}),
        ("DELETE", "registered-models/delete-tag", {"name": "mine", "key": TAG["key"]}),
        ("POST", "model-versions/set-tag", {"name": "mine", "version": "1", "key": "veritrain.model.digest", "value": "x"}),
        ("DELETE", "model-versions/delete-tag", {"name": "mine", "version": "1", "key": "Veritrain.status"}),
        ("POST", "model-versions/create", {"name": "mine", "source": f"runs:/{mine}/m", "run_id": mine, "tags": [TAG]}),
        ("POST", "logged-models", {"experiment_id": "0", "tags": [TAG]}),
        ("PATCH", f"logged-models/m-{'0' * 32}/tags", {"tags": [TAG]}),
        ("DELETE", f"logged-models/m-{'0' * 32}/tags/veritrain.model.digest", {}),
        ("PATCH", "traces/tr-1/tags", {"key": "mlflow.artifactLocation", "value": "s3://elsewhere"}),
    ):  # fmt: skip
        assert set(statuses(editor, method, path, body)) == {403}, (method, path)
        assert 403 not in set(statuses(admin, method, path, body)), (method, path)
    query = {"key": "veritrain.x", "request_id": "tr-1"}
    assert editor.delete("/api/3.0/mlflow/traces/tr-1/tags", params=query).status_code == 403
    own = {"run_id": mine, "key": "colour", "value": "veritrain.blue"}
    assert editor.post(f"{WAYS[0]}/runs/set-tag", json=own).status_code == 200


def test_an_editor_moves_neither_champion_nor_challenger(guarded: Guarded, task: Task) -> None:
    editor = guarded.signed_in("editor")
    for alias in ("champion", "challenger", "Champion"):
        for method in ("POST", "DELETE"):
            body = {"name": "tiny", "alias": alias, "version": "1"}
            assert set(statuses(editor, method, "registered-models/alias", body)) == {403}
    for method, path, body in (
        ("POST", "registered-models/rename", {"name": "tiny", "new_name": "other"}),
        ("DELETE", "registered-models/delete", {"name": "tiny"}),
        ("DELETE", "model-versions/delete", {"name": "tiny", "version": "1"}),
        ("POST", "experiments/update", {"experiment_id": "1", "new_name": "other"}),
    ):  # fmt: skip
        assert set(statuses(editor, method, path, body)) == {403}, path
    given = {"name": "tiny", "alias": "mine", "version": "1"}
    assert editor.post(f"{WAYS[0]}/registered-models/alias", json=given).status_code == 200


@pytest.mark.parametrize(
    "source",
    [
        "file:///etc", "/etc", "etc", "FILE:///etc", "s3://bucket/x", "http://elsewhere/x", "ftp://elsewhere/x",
        "mlflow-artifacts://elsewhere/1/x", "mlflow-artifacts:/../x", "mlflow-artifacts:/1/%2e%2e/x", "dbfs:/x", "",
        "models:/../x/1", "models://elsewhere/x/1", "runs:/../etc", "runs:/" + "0" * 32 + "/../../etc", None, 7,
    ],
)  # fmt: skip
def test_an_editors_version_comes_from_the_record(guarded: Guarded, mine: str, source: Any) -> None:
    editor = guarded.signed_in("editor")
    body = {"name": "mine", "source": source, "run_id": mine}
    assert set(statuses(editor, "POST", "model-versions/create", body)) == {403}


def test_an_editor_registers_a_model_of_their_own_run(guarded: Guarded, mine: str) -> None:
    editor = guarded.signed_in("editor")
    body = {"name": "mine", "source": f"runs:/{mine}/model", "run_id": mine}
    assert editor.post(f"{WAYS[0]}/model-versions/create", json=body).status_code == 200


def test_files_and_figures_of_what_was_made_here_are_the_loops(
    guarded: Guarded, task: Task, mine: str
) -> None:
    editor, viewer = guarded.signed_in("editor"), guarded.signed_in("viewer")
    (gate,) = runs.search(task, "tags.`veritrain.stage` = 'gate'")
    ours, place = gate.info.run_id, f"/api/2.0/mlflow-artifacts/artifacts/tiny/{gate.info.run_id}/artifacts"
    rows = next((guarded.home / "mlruns" / "tiny" / ours / "artifacts").rglob("*.csv"))
    before = rows.read_bytes()
    file = f"{place}/{rows.relative_to(guarded.home / 'mlruns' / 'tiny' / ours / 'artifacts').as_posix()}"
    for client in (editor, viewer):
        assert client.put(file, content=b"other rows").status_code == 403
        assert client.delete(file).status_code == 403
        assert client.post(file.replace("/artifacts/tiny", "/mpu/create/tiny"), json={}).status_code == 403
        query = {"run_uuid": ours, "path": "result/x"}
        assert (
            client.post("/ajax-api/2.0/mlflow/upload-artifact", params=query, content=b"x").status_code == 403
        )
    assert rows.read_bytes() == before
    assert viewer.get(file).content == before
    for path, body in (
        ("runs/update", {"run_id": ours, "status": "FAILED"}), ("runs/delete", {"run_id": ours}),
        ("runs/log-metric", {"run_id": ours, "key": "a", "value": 1, "timestamp": 1}),
        ("runs/log-batch", {"runId": ours, "metrics": []}), ("runs/log-parameter", {"run_uuid": ours, "key": "a", "value": "b"}),
    ):  # fmt: skip
        assert set(statuses(editor, "POST", path, body)) == {403}, path
    note = {"run_id": ours, "key": "mlflow.note.content", "value": "looks good"}
    assert editor.post(f"{WAYS[0]}/runs/set-tag", json=note).status_code == 200
    experiment = runs.get(mine).info.experiment_id
    made = editor.post(f"{WAYS[0]}/runs/create", json={"experiment_id": experiment}).json()["run"]["info"]
    path = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{made['run_id']}/artifacts/a.txt"
    assert editor.put(path, content=b"mine").status_code == 200
    assert editor.get(path).content == b"mine"


def test_a_body_that_cant_be_read_is_for_nobody_but_admins(guarded: Guarded) -> None:
    editor = guarded.signed_in("editor")
    for body in (b"{", b"\xff\xfe{", b"[" * 100_000, b'"' + b"x" * 10):
        assert editor.post(f"{WAYS[0]}/runs/set-tag", content=body).status_code == 403
