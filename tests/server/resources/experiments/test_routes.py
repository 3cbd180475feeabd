"""Experiments: rounds of every kind are shown, new ones are checked before anything is stored, and worked on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.server.walked import Walked, server_over, walked_home
from veritrain_lib.server.jobs import background
from veritrain_lib.tracking import event_log, runs, store

FIELDS = {
    "id", "name", "task", "direction", "dataset_id", "base_model_id", "adapter_id", "status", "best_score",
    "celery_task_id", "created_at", "updated_at", "started_at", "completed_at",
}  # fmt: skip
TWINS = {"datasetId", "baseModelId", "bestScore", "createdAt", "startedAt", "completedAt", "celeryTaskId"}
HERE = "/api/v1/experiments"


@pytest.fixture(scope="module")
def walked(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    with walked_home(tmp_path_factory.mktemp("walked"), empty_store) as found:
        yield found


@pytest.fixture(scope="module")
def server(walked: Walked) -> Iterator[TestClient]:
    with server_over() as client:
        yield client


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs whose work was started; nothing is."""
    started: list[str] = []

    def launch(run_id: str) -> None:
        started.append(run_id)
        runs.tag(run_id, {runs.JOB_TAG: "job-1", runs.OWNER_TAG: runs.owner()})

    monkeypatch.setattr(background, "launch", launch)
    return started


def body(walked: Walked, **changes: Any) -> dict[str, Any]:
    return {
        "name": "mine", "task": "tiny", "direction": None, "baseModelId": "tiny-1", "datasetId": walked.draft, **changes,
    }  # fmt: skip


def created(server: TestClient, walked: Walked, **changes: Any) -> dict[str, Any]:
    found = server.post(HERE, json=body(walked, **changes))
    assert found.status_code == 201, found.text
    made: dict[str, Any] = found.json()
    return made


def wrong_field(server: TestClient, given: dict[str, Any]) -> str:
    before = server.get(HERE).json()["total"]
    found = server.post(HERE, json=given)
    assert found.status_code == 422, found.text
    assert server.get(HERE).json()["total"] == before, "nothing is stored"
    return str(found.json()["errors"][0]["field"])


def test_rounds_of_a_loop_are_experiments_with_their_real_data(server: TestClient, walked: Walked) -> None:
    found = server.get(HERE, params={"search": "round 1"}).json()
    assert found["total"] == 1
    item = found["items"][0]
    assert set(item) >= FIELDS | TWINS
    assert (item["id"], item["status"], item["task"]) == (walked.rounds[1], "completed", "tiny")
    assert item["direction"] == "tiny", "a task without a direction has its name there"
    assert (item["base_model_id"], item["dataset_id"]) == ("tiny-1", walked.draft)
    assert item["bestScore"] == item["best_score"] == runs.get(item["id"]).data.metrics["accuracy"]
    assert item["startedAt"]
    assert item["completed_at"]


def test_a_list_is_cut_and_filtered_as_both_kinds_of_client_ask(server: TestClient, walked: Walked) -> None:
    everything = server.get(HERE).json()["total"]
    assert everything >= 2
    page = server.get(HERE, params={"page": 2, "pageSize": 1}).json()
    assert (len(page["items"]), page["page"], page["page_size"], page["total"]) == (1, 2, 1, everything)
    for query in ({"modelId": "tiny-1"}, {"model_id": "tiny-1", "filters[status]": "completed"}):
        assert [one["id"] for one in server.get(HERE, params=query).json()["items"]] == [walked.rounds[1]]
    assert server.get(HERE, params={"modelId": "tiny-77"}).json()["items"] == []
    assert server.get(HERE, params={"status": "sleeping"}).status_code == 422
    assert server.get(HERE, params={"search": "a\0b"}).status_code == 422


def test_one_experiment_says_what_happened_in_it(server: TestClient, walked: Walked) -> None:
    found = server.get(f"{HERE}/{walked.rounds[1]}").json()
    assert found["config"]["training_recipe"]["epochs"] is None
    assert found["config"]["trainingRecipe"] == found["config"]["training_recipe"] | {
        "loraConfig": None, "batchSize": None, "learningRate": None, "warmupSteps": None,
    }  # fmt: skip
    assert (found["config"]["seed"], found["config"]["datasetVersion"]) == (1, "2")
    assert found["evaluation"]["verdict"] == runs.get(walked.rounds[1]).data.tags["veritrain.verdict"]
    assert {"id", "expected", "answer"} <= set(found["predictions"][0])
    assert found["metrics"]["accuracy"] == found["best_score"]
    assert found["progress"]["stage"] == "report"
    assert found["progress"]["currentStep"] == found["progress"]["current_step"] == 1
    said = [line["message"] for line in found["logs"]]
    assert said[0] == "round 1 begins"
    assert said[-1] == "completed"


@pytest.mark.parametrize("unknown", ["0" * 32, "a%00b", "%ED%A0%80", "round"])
def test_an_unknown_experiment_is_said_to_be_none(server: TestClient, unknown: str) -> None:
    for found in (server.get(f"{HERE}/{unknown}"), server.post(f"{HERE}/{unknown}/start")):
        assert found.status_code == 404
        assert found.headers["content-type"] == "application/problem+json"


def test_a_stage_is_no_experiment(server: TestClient, walked: Walked) -> None:
    assert server.get(f"{HERE}/{walked.draft}").status_code == 404


def test_the_log_comes_bare_or_with_its_length(server: TestClient, walked: Walked) -> None:
    there = f"{HERE}/{walked.rounds[1]}/logs"
    bare = server.get(there).json()
    assert set(bare[0]) == {"timestamp", "level", "message"}
    for asked in (
        {"params": {"envelope": "true"}},
        {"headers": {"Accept": "application/vnd.veritrain.envelope+json"}},
    ):
        assert server.get(there, **asked).json() == {"logs": bare, "total": len(bare)}  # type: ignore[arg-type]
    assert server.get(there, params={"limit": 2, "offset": 1}).json() == bare[1:3]
    assert server.get(there, params={"limit": 1001}).status_code == 422


def test_a_new_experiment_waits_with_what_was_asked(server: TestClient, walked: Walked) -> None:
    recipe = {"epochs": 3, "learningRate": 0.1, "loraConfig": {"r": 8}}
    made = created(server, walked, config={"trainingRecipe": recipe, "seed": 5, "environment": "cuda"})
    assert (made["status"], made["name"], made["started_at"]) == ("pending", "mine", None)
    assert sorted(made["unsupported_config"]) == [
        "environment", "training_recipe.epochs", "training_recipe.learning_rate", "training_recipe.lora_config.r",
    ]  # fmt: skip
    assert runs.get(made["id"]).info.status == "SCHEDULED"
    found = server.get(f"{HERE}/{made['id']}").json()
    assert (found["config"]["seed"], found["config"]["training_recipe"]["epochs"]) == (5, 3)
    assert server.get(HERE, params={"status": "pending"}).json()["items"][0]["id"] == made["id"]


def test_what_the_trainer_can_follow_is_handed_to_it(server: TestClient, walked: Walked) -> None:
    given = {"training_recipe": {"C": 0.25}}
    assert created(server, walked, config=given)["unsupported_config"] == []
    assert (
        wrong_field(server, body(walked, config={"training_recipe": {"C": "much"}}))
        == "body.config.training_recipe"
    )


def test_nothing_is_stored_of_what_the_record_can_not_hold(server: TestClient, walked: Walked) -> None:
    assert wrong_field(server, body(walked, baseModelId="tiny-77")) == "body.base_model_id"
    assert wrong_field(server, body(walked, baseModelId="nonsense")) == "body.base_model_id"
    assert wrong_field(server, body(walked, adapterId="other-1")) == "body.adapter_id"
    assert wrong_field(server, body(walked, datasetId="0" * 32)) == "body.dataset_id"
    assert wrong_field(server, body(walked, datasetId=walked.rounds[1])) == "body.dataset_id"
    assert wrong_field(server, body(walked, task="other")) == "body.task"
    assert wrong_field(server, body(walked, config={"datasetVersion": 99})) == "body.config.dataset_version"
    assert wrong_field(server, body(walked, name="a\0b")) == "body.name"
    lone = json.dumps(body(walked, config={"note": "\ud800"}))
    found = server.post(HERE, content=lone, headers={"Content-Type": "application/json"})
    assert (found.status_code, found.json()["errors"][0]["field"]) == (422, "body.config.note")
    assert wrong_field(server, {**body(walked), "color": "red"}) == "body.color"
    assert server.post(HERE, json=body(walked, config={"note": "x" * 7000})).status_code == 422
    deep: Any = 1
    for _ in range(400):
        deep = {"deep": deep}
    assert server.post(HERE, json=body(walked, config={"note": deep})).status_code == 422
    clone = f"{HERE}/{walked.rounds[1]}/clone"
    assert server.post(clone, json={"modifications": {"config": deep}}).status_code == 422


@pytest.mark.parametrize(
    ("status", "words"), [("blocked", "blocked by the gate"), ("draft", "no gate has judged")]
)
def test_rows_that_no_gate_let_through_are_refused(
    server: TestClient, walked: Walked, status: str, words: str
) -> None:
    made = runs.open_run(walked.task, "made", kind="stage", tags={
        "veritrain.dataset.name": "tiny", "veritrain.dataset.version": "90", "veritrain.dataset.status": status,
    })  # fmt: skip
    runs.end_run(made, "FINISHED")
    found = server.post(HERE, json=body(walked, datasetId=made))
    assert (found.status_code, found.json()["errors"][0]["field"]) == (422, "body.dataset_id")
    assert words in found.json()["detail"]


def test_an_experiment_is_started_once(server: TestClient, walked: Walked, launched: list[str]) -> None:
    made = created(server, walked)
    started = server.post(f"{HERE}/{made['id']}/start").json()
    assert launched == [made["id"]]
    assert (started["task_id"], started["celery_task_id"], started["status"]) == ("job-1", None, "pending")
    runs.tag(made["id"], {runs.CELERY_TAG: "the-message"})
    assert server.get(f"{HERE}/{made['id']}").json()["celery_task_id"] == "the-message"
    assert started["message"]
    assert started["baseModelId"] == "tiny-1"
    for _ in range(2):
        assert server.post(f"{HERE}/{made['id']}/start").status_code == 400
    assert launched == [made["id"]]
    assert server.post(f"{HERE}/{walked.rounds[1]}/start").status_code == 400


def test_only_what_is_worked_on_can_be_stopped(server: TestClient, walked: Walked) -> None:
    for run_id in (created(server, walked)["id"], walked.rounds[1]):
        assert server.post(f"{HERE}/{run_id}/stop").status_code == 400


def test_a_running_one_hears_of_the_stop_and_is_not_deleted(server: TestClient, walked: Walked) -> None:
    made = created(server, walked)["id"]
    wait = "import time; print('ready', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", wait], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        runs.resume(made)
        runs.tag(made, {runs.OWNER_TAG: runs.owner_of(owner.pid)})
        assert server.delete(f"{HERE}/{made}").status_code == 409
        stopped = server.post(f"{HERE}/{made}/stop")
        assert stopped.status_code == 200, stopped.text
        assert owner.wait(10) != 0
    found = server.get(f"{HERE}/{made}").json()
    assert (found["status"], found["reason"]) == ("failed", "stopped")
    assert runs.get(made).info.status == "KILLED"
    assert event_log.has_ended(made)


def test_a_run_of_another_machine_is_not_touched(server: TestClient, walked: Walked) -> None:
    made = created(server, walked)["id"]
    runs.resume(made)
    runs.tag(made, {runs.OWNER_TAG: f"elsewhere/{os.getpid()}/1"})
    assert server.post(f"{HERE}/{made}/stop").status_code == 409
    assert server.get(f"{HERE}/{made}").json()["status"] == "running"
    runs.end_run(made, "KILLED")


@pytest.mark.parametrize("state", ["taken up", "waiting for its turn"])
def test_one_whose_process_died_is_shown_as_failed(server: TestClient, walked: Walked, state: str) -> None:
    made = created(server, walked)["id"]
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as owner:
        who = runs.owner_of(owner.pid)
    if state == "taken up":
        runs.resume(made)
    runs.tag(made, {runs.OWNER_TAG: who, runs.JOB_TAG: "job-2"})
    item = next(one for one in server.get(HERE).json()["items"] if one["id"] == made)
    assert item["status"] == "failed"
    assert "died" in item["reason"]


def test_a_clone_asks_the_same_but_for_its_modifications(server: TestClient, walked: Walked) -> None:
    made = created(server, walked, config={"trainingRecipe": {"C": 0.5, "epochs": 2}, "seed": 3})
    changes = {"modifications": {"name": "again", "config": {"trainingRecipe": {"epochs": 4}}}}
    cloned = server.post(f"{HERE}/{made['id']}/clone", json=changes)
    assert cloned.status_code == 201, cloned.text
    found = server.get(f"{HERE}/{cloned.json()['id']}").json()
    assert (found["name"], found["status"], found["config"]["seed"]) == ("again", "pending", 3)
    recipe = found["config"]["training_recipe"]
    assert (recipe["c"], recipe["epochs"]) == (0.5, 4)
    assert server.post(f"{HERE}/{walked.rounds[1]}/clone").json()["base_model_id"] == "tiny-1"
    wrong = {"modifications": {"baseModelId": "tiny-77"}}
    assert server.post(f"{HERE}/{made['id']}/clone", json=wrong).status_code == 422
    of_seed_round = server.post(f"{HERE}/{walked.rounds[0]}/clone").json()
    champion = next(
        one["id"] for one in server.get("/api/v1/models").json()["items"] if "champion" in one["aliases"]
    )
    assert of_seed_round["base_model_id"] == champion, "the seed round had no base model"


def test_a_deleted_one_is_gone_from_lists(server: TestClient, walked: Walked) -> None:
    made = created(server, walked)["id"]
    assert server.delete(f"{HERE}/{made}").status_code == 204
    assert server.get(f"{HERE}/{made}").status_code == 404
    assert server.delete(f"{HERE}/{made}").status_code == 404
    assert store.client().get_run(made).info.lifecycle_stage == "deleted"


def test_a_verdict_is_told_to_who_watches_the_draft(walked: Walked) -> None:
    told = [line.data["quality_gate"] for line in event_log.read(walked.draft) if "quality_gate" in line.data]
    assert [one["result"] for one in told] == ["passed"]
    assert told[0]["details"]["run"] == runs.get(walked.rounds[1]).data.tags["veritrain.run.gate"]
