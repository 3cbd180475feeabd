"""What is written down under somebody's name, and whose place on the machine a model may lie in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.server.auth.conftest import Guarded
from tests.server.resources.conftest import stage
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.stages.record.review import reviews
from veritrain_lib.tracking import runs

API = "/api/v1"


@pytest.fixture(scope="module")
def task(guarded: Guarded) -> Task:
    """A task that the guarded record knows."""
    return find_task(str(write_tiny(guarded.home / "task")))


def test_a_review_stands_under_the_reviewers_own_name(guarded: Guarded, task: Task) -> None:
    stage("gate", task, dataset="seed")
    stage("train", task)
    dataset = stage("generate", task).run_id
    gate = stage("gate", task).run_id
    for role, rate in (("editor", 0.5), ("admin", 1.0)):
        given = {"sampleSize": 10, "passRate": rate, "comments": f"seen by the {role}"}
        told = guarded.signed_in(role).post(f"{API}/datasets/{dataset}/review", json=given)
        assert told.status_code == 200, told.text
        assert told.json()["reviewed_by"] == told.json()["reviewedBy"] == f"{role}@example.org"
    said = {one["reviewer"]: one["pass_rate"]["value"] for one in reviews(gate)}
    assert said == {"editor@example.org": 0.5, "admin@example.org": 1.0}
    shown = guarded.signed_in("viewer").get(f"{API}/datasets/{dataset}/quality-gate").json()
    assert shown["samplingReview"]["reviewedBy"] == "admin@example.org", "the newest"
    refused = guarded.signed_in("viewer").post(f"{API}/datasets/{dataset}/review", json=given)
    assert refused.status_code == 403
    assert set(said) == {one["reviewer"] for one in reviews(gate)}


def test_an_upload_says_who_brought_it(guarded: Guarded, task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    from veritrain_lib.server.jobs import background

    monkeypatch.setattr(background, "launch", lambda run_id: None)
    files = {"file": ("mail.csv", "text,label\nhello again my friend,greeting\n")}
    made = guarded.signed_in("editor").post(f"{API}/datasets", files=files).json()["data"]["id"]
    tags = runs.get(made).data.tags
    assert tags["veritrain.by"] == tags["mlflow.user"] == "editor@example.org"


def test_preferences_are_those_of_who_signed_in(guarded: Guarded) -> None:
    place = f"{API}/settings/preferences"
    viewer, editor = guarded.signed_in("viewer"), guarded.signed_in("editor")
    assert viewer.put(place, json={"items_per_page": 3}).json()["items_per_page"] == 3
    assert editor.get(place).json()["items_per_page"] == 20
    ids = [one.get(place).json()["user_id"] for one in (viewer, editor)]
    assert ids == [one.get(f"{API}/auth/me").json()["id"] for one in (viewer, editor)]
    assert [one.get(f"{API}/models").json()["page_size"] for one in (viewer, editor)] == [3, 20]


def _file(client: TestClient, **more: Any) -> Any:
    return client.post(f"{API}/models", json={"name": "filed", "type": "base", **more})


def _places(guarded: Guarded) -> list[str]:
    link = guarded.home / "link"
    if not link.is_symlink():
        link.symlink_to(guarded.home.parent)
    return [
        "/",
        "/etc",
        str(guarded.home / ".."),
        f"{guarded.home}-other",
        str(link),
        "~",
        "~nobody/x",
        "mine",
        "../mine",
    ]


@pytest.mark.parametrize("scheme", ["student", "lora", "memory"])
def test_an_editor_files_no_folder_outside_the_project(guarded: Guarded, scheme: str) -> None:
    editor = guarded.signed_in("editor")
    for place in _places(guarded):
        for body, field in (
            ({"config": {"address": f"{scheme}:{place}"}}, "body.config.address"),
            ({"base_model_id": f"{scheme}:{place}", "type": "adapter"}, "body.base_model_id"),
        ):
            found = _file(editor, **body)
            assert found.status_code == 403, (place, found.text)
            assert found.headers["content-type"] == "application/problem+json"
            (wrong,) = found.json()["errors"]
            assert wrong["field"] == field
            assert "outside the project's folder" in wrong["message"]
            assert "ask an admin" in wrong["message"]
    assert guarded.signed_in("viewer").get(f"{API}/models", params={"search": "filed"}).json()["total"] == 0


def test_an_editor_files_what_is_inside_or_elsewhere(guarded: Guarded) -> None:
    inside = Path(guarded.home) / "mlruns" / "mine"
    for address in (f"student:{inside}", "openai:/gpt-4.1-mini", "azure:/deployment"):
        found = _file(guarded.signed_in("editor"), name="inside", config={"address": address})
        assert (found.status_code, found.json().get("config", {}).get("address")) == (201, address), (
            found.text
        )


def test_an_admin_files_any_folder(guarded: Guarded) -> None:
    found = _file(guarded.signed_in("admin"), name="of an admin", config={"address": "student:/srv/models/a"})
    assert (found.status_code, found.json()["config"]["address"]) == (201, "student:/srv/models/a")
