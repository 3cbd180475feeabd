"""Models over HTTP, as both kinds of client ask, over a record that a loop has filled."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

WEIRD = [
    "tiny-0",
    "tiny-99",
    "tiny",
    "-1",
    "nobody-1",
    "..-1",
    "é%F0%9F%98%80-1",
    "a%2Fb-1",
    "1" * 400,
]


def made(api: TestClient, name: str, **more: Any) -> dict[str, Any]:
    answer = api.post("/models", json={"name": name, "type": "base", **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def fields(answer: Any) -> list[str]:
    assert answer.headers["content-type"].startswith("application/problem+json")
    return [one["field"] for one in answer.json()["errors"]]


def test_a_page_has_what_both_kinds_of_client_read(api: TestClient) -> None:
    found = api.get("/models", params={"page": 1, "pageSize": 2, "search": "TIN"}).json()
    assert found["total"] == 3
    assert (found["page_size"], found["pageSize"]) == (2, 2)
    assert (found["total_pages"], found["totalPages"]) == (2, 2)
    assert [one["id"] for one in found["items"]] == ["tiny-3", "tiny-2"]
    first = found["items"][0]
    assert (first["name"], first["type"], first["status"]) == ("tiny", "base", "available")
    assert first["createdAt"] == first["created_at"]
    assert first["updatedAt"] == first["updated_at"]
    assert first["base_model_id"] is first["baseModelId"] is None
    assert first["metadata"] == first["metadata_"]
    second = api.get("/models", params={"page": 2, "page_size": 2, "search": "tin"}).json()
    assert [one["id"] for one in second["items"]] == ["tiny-1"]


@pytest.mark.parametrize("form", ["{}", "filters[{}]"])
def test_filters_in_both_forms(api: TestClient, form: str) -> None:
    made(api, "filtered", type="adapter", baseModelId="tiny-1", status="deprecated")
    for name, value, has in (
        ("search", "filtered", True),
        ("search", "ilter", True),
        ("search", "f%lt_red", False),
        ("type", "adapter", True),
        ("type", "base", False),
        ("status", "deprecated", True),
        ("status", "available", False),
        ("status", "training", False),
    ):
        items = api.get("/models", params={form.format(name): value, "page_size": 100}).json()["items"]
        assert ("filtered" in {one["name"] for one in items}) is has, (name, value)
    assert api.get("/models", params={form.format("search"): ""}).json()["total"] >= 3


def test_a_filter_that_is_none_is_refused_by_its_name(api: TestClient) -> None:
    assert fields(api.get("/models", params={"type": "huge"})) == ["query.type"]
    assert fields(api.get("/models", params={"status": "huge"})) == ["query.status"]
    assert fields(api.get("/models?search=%00")) == ["query.search"]
    assert fields(api.get("/models", params={"sortBy": "colour"})) == ["query.sortBy"]
    assert fields(api.get("/models", params={"page": 0})) == ["query.page"]


def test_sorting(api: TestClient) -> None:
    def ids(**asked: str) -> list[str]:
        return [one["id"] for one in api.get("/models", params={"search": "tiny", **asked}).json()["items"]]

    assert ids(sortBy="createdAt", sortOrder="asc") == ["tiny-1", "tiny-2", "tiny-3"]
    assert ids(sort_by="created_at", sort_order="desc") == ["tiny-3", "tiny-2", "tiny-1"]
    assert ids(sortBy="version", sortOrder="descend") == ["tiny-3", "tiny-2", "tiny-1"]
    made(api, "sorted-a", status="training")
    made(api, "sorted-b")
    by_status = api.get("/models", params={"search": "sorted", "sortBy": "status"}).json()["items"]
    assert [one["status"] for one in by_status] == ["available", "training"]


def test_one_model_says_what_is_known_of_it(api: TestClient) -> None:
    found = api.get("/models/tiny-2").json()
    assert found["config"] == {
        "address": "models:/tiny/2", "task": "tiny", "dataset": "tiny@3", "trainer": "tfidf_svc",
    }  # fmt: skip
    assert found["aliases"] == ["champion"]
    probe = found["baseline_probe"]
    assert probe == found["baselineProbe"]
    assert probe["isMultiCandidate"] is probe["has_explanation"] is probe["follows_output_contract"] is True
    assert probe["probedAt"]
    rate = probe["details"]["measures"]["output_contract"]
    assert rate["low"] < rate["value"] == 1.0
    summary = found["evaluation_summary"]
    assert summary["total"] == 3
    assert summary["metrics"] == {"accuracy": 0.8}
    assert found["prompt_contracts"] == found["promptContracts"] == []
    assert api.get("/models/tiny-3").json()["baseline_probe"] is None


def test_the_prompts_of_the_task_are_contracts_and_no_models(api: TestClient) -> None:
    from veritrain_lib.prompts.prompt import Prompt
    from veritrain_lib.stages.inputs.tasks import task_by_name
    from veritrain_lib.tracking import prompts

    task = task_by_name("tiny")
    assert task is not None
    prompts.register(task, Prompt("answer", "Say {{ text }}.", "tests"))
    (contract,) = api.get("/models/tiny-1").json()["prompt_contracts"]
    assert contract["name"] == "tiny.answer"
    assert contract["template"] == "Say {{ text }}."
    assert contract["model_id"] == contract["modelId"] == "tiny-1"
    assert contract["updatedAt"]
    names = {one["name"] for one in api.get("/models", params={"page_size": 100}).json()["items"]}
    assert "tiny.answer" not in names
    assert api.get("/models/tiny.answer-1").status_code == 404
    assert fields(api.post("/models", json={"name": "tiny.answer", "type": "base"})) == ["body.name"]
    prompts.store.client().delete_prompt_version("tiny.answer", "1")


def test_the_evaluations_of_a_model_in_either_role(api: TestClient) -> None:
    found = api.get("/models/tiny-2/evaluations").json()
    assert found["total"] == len(found["items"]) == 3
    assert [one["role"] for one in found["items"]] == ["challenger", "champion", "challenger"]
    last = found["items"][-1]
    assert last["experiment_name"] == last["experimentName"] == "round 1"
    assert last["dataset_name"] == "tiny@3"
    assert last["accuracy"] == 0.8
    assert "bleu" not in last
    assert last["evaluated_at"]
    assert api.get(f"/evaluations/{last['id']}").json()["experiment_id"] == last["experiment_id"]
    # The champion's own value, not that of the challenger beside it.
    assert api.get("/models/tiny-1/evaluations").json()["items"][-1]["accuracy"] == 0.4


def test_a_model_at_an_address_is_filed_read_changed_and_deleted(api: TestClient) -> None:
    given = {
        "name": "mini", "type": "adapter", "baseModelId": "tiny-1", "config": {
            "address": "openai:/gpt-4.1-mini?temperature=0", "task": "tiny", "maxNew": 5, "lora_rank": {"a_b": [1]},
        }, "metadata": {"parameters": "8B", "tokenizer": "bpe", "source": "a provider"},
    }  # fmt: skip
    first = made(api, "mini", **{key: one for key, one in given.items() if key != "name"})
    assert first["id"] == "mini-1"
    assert first["baseModelId"] == first["base_model_id"] == "tiny-1"
    assert first["config"]["address"] == "openai:/gpt-4.1-mini?temperature=0"
    assert first["config"]["maxNew"] == 5
    assert first["config"]["lora_rank"] == first["config"]["loraRank"] == {"a_b": [1], "aB": [1]}
    assert first["metadata"] == given["metadata"]
    again = made(api, "mini", base_model_id="models:/tiny/1", metadata={"parameters": 8_000_000_000})
    assert again["id"] == "mini-2"
    assert again["base_model_id"] == "tiny-1"
    assert again["metadata"]["parameters"] == "8000000000"

    changed = api.patch("/models/mini-2/status", params={"status": "training"})
    assert changed.json()["status"] == "training"
    changed = api.patch("/models/mini-2/status", json={"status": "deprecated"})
    assert changed.json()["status"] == "deprecated"
    assert changed.json()["updated_at"] > again["updated_at"]
    assert api.get("/models/mini-2").json()["status"] == "deprecated"

    assert api.delete("/models/mini-2").status_code == 204
    assert api.delete("/models/mini-2").status_code == 204
    assert api.get("/models/mini-2").status_code == 404
    assert made(api, "mini")["id"] == "mini-3", "a number is never given again"


def test_what_was_filed_opens_as_any_registered_model(api: TestClient) -> None:
    from veritrain_lib.models.base import open_model
    from veritrain_lib.stages.inputs import sources
    from veritrain_lib.stages.inputs.tasks import task_by_name
    from veritrain_lib.tracking import models

    task = task_by_name("tiny")
    assert task is not None
    filed = made(api, "alike", config={"address": "models:/tiny@champion", "task": "tiny"})
    assert filed["config"]["address"] == "models:/tiny/2", "an alias may move, the model may not"
    model = open_model("models:/alike/1", task)
    assert model.uri == "models:/alike/1"
    rows = sources.development_rows(task)
    assert [one.best for one in model.answer(rows)] == [
        one.best for one in open_model("models:/tiny/2", task).answer(rows)
    ]
    assert models.identity(task, "models:/alike/1") == models.identity(task, "models:/tiny/2")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "a/b"}, "body.name"),
        ({"name": "a:b"}, "body.name"),
        ({"name": ".."}, "body.name"),
        ({"name": "  "}, "body.name"),
        ({"name": "n" * 201}, "body.name"),
        ({"type": "huge"}, "body.type"),
        ({"status": "gone"}, "body.status"),
        ({"base_model_id": "nobody-1"}, "body.base_model_id"),
        ({"baseModelId": "nobody"}, "body.base_model_id"),
        ({"config": {"address": "gpt"}}, "body.config.address"),
        ({"config": {"address": "ftp://x"}}, "body.config.address"),
        ({"config": {"address": "mlflow:x"}}, "body.config.address"),
        ({"config": {"address": "openai:/"}}, "body.config.address"),
        ({"config": {"address": "openai:/m?heat=3"}}, "body.config.address"),
        ({"config": {"address": "models:/tiny/99"}}, "body.config.address"),
        ({"config": {"address": "models:/tiny@nobody"}}, "body.config.address"),
        ({"config": {"address": ["x"]}}, "body.config.address"),
        ({"config": {"task": 3}}, "body.config.task"),
        ({"config": {"x": "y" * 30_000}}, "body.config"),
        ({"metadata": {"weight": 1}}, "body.metadata.weight"),
        ({"colour": "red"}, "body.colour"),
        ({"name": "a\x00b"}, "body.name"),
        ({"config": {"a": ["\ud800"]}}, "body.config.a.0"),
        ({"config": {"\udfff": 1}}, "body.config"),
    ],
)
def test_what_can_not_be_filed_is_refused_by_its_field(
    api: TestClient, change: dict[str, Any], field: str
) -> None:
    import json

    body = json.dumps({"name": "refused", "type": "base", **change})
    answer = api.post("/models", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert fields(answer) == [field]
    assert api.get("/models", params={"search": "refused"}).json()["total"] == 0


@pytest.mark.parametrize("given", WEIRD)
def test_an_unknown_id_is_not_found_but_may_be_deleted(api: TestClient, given: str) -> None:
    for way, path in (
        ("GET", ""),
        ("GET", "/evaluations"),
        ("POST", "/probe"),
        ("PATCH", "/status?status=available"),
    ):
        answer = api.request(way, f"/models/{given}{path}")
        assert answer.status_code == 404, (way, path, answer.text)
        assert answer.json()["detail"] == answer.json()["message"]
    if "%2F" not in given and "%0A" not in given:  # those are no path of a model
        assert api.delete(f"/models/{given}").status_code == 204


def test_a_status_is_needed_and_must_be_one(api: TestClient) -> None:
    assert fields(api.patch("/models/tiny-1/status")) == ["body.status"]
    assert fields(api.patch("/models/tiny-1/status", params={"status": "x"})) == ["query.status"]
    assert fields(api.patch("/models/tiny-1/status", json={"status": "x"})) == ["body.status"]


def test_what_others_stand_on_can_not_be_deleted(api: TestClient) -> None:
    for given, why in (("tiny-2", "champion"), ("tiny-3", "challenger")):
        answer = api.delete(f"/models/{given}")
        assert answer.status_code == 409
        assert why in answer.json()["detail"]
        assert "first" in answer.json()["detail"], "what to do"
        assert api.get(f"/models/{given}").status_code == 200
    base = made(api, "floor")["id"]
    adapter = made(api, "house", type="adapter", base_model_id=base)["id"]
    assert adapter in api.delete(f"/models/{base}").json()["detail"]
    assert api.delete(f"/models/{adapter}").status_code == 204
    assert api.delete(f"/models/{base}").status_code == 204


def test_a_model_that_nobody_can_ask_is_not_probed(api: TestClient) -> None:
    empty = made(api, "nothing")["id"]
    assert "address" not in api.get(f"/models/{empty}").json()["config"]
    answer = api.post(f"/models/{empty}/probe")
    assert answer.status_code == 409
    assert "config.address" in answer.json()["detail"]
    lost = made(api, "lost", config={"address": "openai:/m"})["id"]
    answer = api.post(f"/models/{lost}/probe")
    assert answer.status_code == 409
    assert '"task": NAME' in answer.json()["detail"]


@pytest.mark.parametrize(
    ("cases", "field"),
    [
        (["a", {"text": 3}], "body.test_cases.1"),
        ([{"txt": "a"}], "body.test_cases.0"),
        ([{}], "body.test_cases.0"),
        ("a", "body.test_cases"),
        (["a"] * 51, "body.test_cases"),
    ],
)
def test_test_cases_must_be_rows_of_the_task(api: TestClient, cases: Any, field: str) -> None:
    answer = api.post("/models/tiny-1/probe", json={"test_cases": cases})
    assert answer.status_code == 422
    assert fields(answer)[0].startswith(field)


def test_a_probe_that_was_done_is_answered_from_the_record(api: TestClient) -> None:
    before = api.post("/models/tiny-1/probe", json={})
    assert before.status_code == 200, before.text
    known = api.get("/models/tiny-1").json()["baseline_probe"]
    assert before.json() == known


def test_the_schema_names_every_field_in_both_casings(api: TestClient) -> None:
    schemas = api.get("/openapi.json").json()["components"]["schemas"]
    detail = schemas["ModelDetail"]
    for name in ("base_model_id", "baseModelId", "prompt_contracts", "promptContracts", "createdAt"):
        assert name in detail["properties"], name
        assert name in detail["required"], name
    assert set(detail["properties"]) == set(api.get("/models/tiny-1").json())
    assert schemas["ModelPage"]["properties"]["items"]["items"] == {"$ref": "#/components/schemas/ModelItem"}
