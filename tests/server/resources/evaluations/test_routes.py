"""Evaluations over HTTP, over a record that a loop has filled."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

METRICS = {
    "bleu": 0.41, "rouge_l": 0.5, "ribes": 0.6, "chrf": 55.5,
    "gpt_eval_1": {"fluency": 4.5, "adequacy": 4, "accuracy": 3.5},
    "gpt_eval_2": {"mqm_score": 88.0, "error_distribution": {"accuracy": 2, "style": 1}},
}  # fmt: skip


@pytest.fixture
def rounds(api: TestClient) -> list[str]:
    """The ids of the two rounds that compared models, the older first."""
    items = api.get("/evaluations").json()["items"]
    found = [one["experiment_id"] for one in items if one["experiment_id"] and "accuracy" in one["metrics"]]
    return found[::-1]


def filed(api: TestClient, experiment: str, **more: Any) -> dict[str, Any]:
    body = {"experiment_id": experiment, "track": "spoken", "metrics": METRICS, **more}
    answer = api.post("/evaluations", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def fields(answer: Any) -> list[str]:
    return [one["field"] for one in answer.json()["errors"]]


def test_the_list_stands_at_the_top_and_in_data(api: TestClient, rounds: list[str]) -> None:
    found = api.get("/evaluations", params={"page": 1, "page_size": 50}).json()
    assert found["data"] == {"items": found["items"], "total": found["total"]}
    assert found["total"] == len(found["items"]) >= 3
    assert len(rounds) == 2
    mine = next(one for one in found["items"] if one["experiment_id"] == rounds[0])
    assert mine["track"] == "written"
    assert mine["metrics"] == {"accuracy": 0.8}, "what does not apply is absent"
    top = mine["error_analysis"]["top_errors"]
    assert {"type": "greeting → parcel", "count": 3, "severity": "major"} in top
    assert mine["error_analysis"]["error_type_distribution"]["greeting → parcel"] == 3
    assert mine["created_at"] <= mine["updated_at"]
    assert not any("A" <= mark <= "Z" for key in mine for mark in key), "evaluations speak snake_case"
    second = api.get("/evaluations", params={"page": 2, "pageSize": 1}).json()
    assert second["items"] == [found["items"][1]]


def test_the_evaluations_of_a_round(api: TestClient, rounds: list[str]) -> None:
    for name in ("experiment_id", "experimentId"):
        items = api.get("/evaluations", params={name: rounds[1], "track": "written"}).json()["items"]
        assert [one["experiment_id"] for one in items] == [rounds[1]]
    assert api.get("/evaluations", params={"experiment_id": "nobody"}).json()["total"] == 0
    assert api.get("/evaluations", params={"experiment_id": "\x00"}).json()["total"] == 0
    assert fields(api.get("/evaluations", params={"track": "sung"})) == ["query.track"]


def test_one_evaluation_shows_development_rows_and_no_held_out_one(
    api: TestClient, rounds: list[str], worked: Any
) -> None:
    from tests.stages.tiny_task import read_rows

    item = api.get("/evaluations", params={"experiment_id": rounds[0], "track": "written"}).json()["items"][0]
    found = api.get(f"/evaluations/{item['id']}").json()
    assert found["experiment_name"] == "round 1"
    assert found["dataset_name"] == "tiny@3"
    assert found["model_name"] == "tiny-2"
    assert found["tracks"] == {"written": {"accuracy": 0.8}}
    rows = found["sample_results"]
    assert len(rows) == 30
    assert {one["source"] for one in rows} == {one["text"] for one in read_rows(worked / "task" / "dev.csv")}
    wrong = rows[0]
    assert wrong["hypothesis"] != wrong["reference"]
    assert wrong["scores"]["grade"] == 0.0
    assert wrong["errors"] == [
        {"type": f"{wrong['reference']} → {wrong['hypothesis']}", "count": 1, "severity": "major"}
    ]
    assert rows[-1]["errors"] == []
    held_out = {one["text"] for one in read_rows(worked / "task" / "test.csv")}
    assert not any(text in api.get(f"/evaluations/{item['id']}").text for text in held_out)


@pytest.mark.parametrize("given", ["nobody", "%00", "..", "0" * 32, "é", "a%2F..%2Fb"])
def test_an_unknown_evaluation_is_not_found(api: TestClient, given: str) -> None:
    for way in ("GET", "DELETE"):
        assert api.request(way, f"/evaluations/{given}").status_code in (404, 405) if given == ".." else 404
    assert api.get(f"/evaluations/{given}x").status_code == 404
    assert api.delete(f"/evaluations/{given}x").status_code == 404


def test_a_run_of_another_stage_is_no_evaluation(api: TestClient, rounds: list[str]) -> None:
    for given in rounds:
        assert api.get(f"/evaluations/{given}").status_code == 404
        assert api.delete(f"/evaluations/{given}").status_code == 404


def test_one_that_was_made_elsewhere_is_filed_and_deleted(api: TestClient, rounds: list[str]) -> None:
    errors = {
        "topErrors": [{"type": "omission", "count": 3, "severity": "critical"}],
        "error_type_distribution": {"omission": 3},
    }
    made = filed(api, rounds[0], errorAnalysis=errors)
    assert made["experiment_id"] == rounds[0]
    assert made["track"] == "spoken"
    assert made["metrics"] == METRICS
    assert made["error_analysis"]["top_errors"] == errors["topErrors"]
    detail = api.get(f"/evaluations/{made['id']}").json()
    assert detail["sample_results"] == []
    assert detail["model_name"] == "tiny-2"
    spoken = api.get("/evaluations", params={"track": "spoken"}).json()["items"]
    assert [one["id"] for one in spoken] == [made["id"]]
    of_model = api.get("/models/tiny-2/evaluations").json()["items"][0]
    assert of_model["id"] == made["id"]
    assert (of_model["bleu"], of_model["rouge_l"], of_model["ribes"]) == (0.41, 0.5, 0.6)
    assert of_model["rougeL"] == 0.5
    assert api.delete(f"/evaluations/{made['id']}").status_code == 204
    assert api.get(f"/evaluations/{made['id']}").status_code == 404
    assert api.delete(f"/evaluations/{made['id']}").status_code == 404
    assert api.get("/evaluations", params={"track": "spoken"}).json()["total"] == 0


def test_a_page_client_sends_its_own_casing(api: TestClient, rounds: list[str]) -> None:
    body = {
        "experimentId": rounds[0], "track": "written",
        "metrics": {"rougeL": 0.3, "gptEval1": {"fluency": 2}, "gptEval2": {"mqmScore": 7}},
    }  # fmt: skip
    made = api.post("/evaluations", json=body).json()
    assert made["metrics"] == {"rouge_l": 0.3, "gpt_eval_1": {"fluency": 2}, "gpt_eval_2": {"mqm_score": 7}}
    assert made["error_analysis"] == {"top_errors": [], "error_type_distribution": {}}
    api.delete(f"/evaluations/{made['id']}")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"experiment_id": "nobody"}, "body.experiment_id"),
        ({"track": "sung"}, "body.track"),
        ({"metrics": {"bleu": 41}}, "body.metrics.bleu"),
        ({"metrics": {"gpt_eval_1": {"fluency": 6}}}, "body.metrics.gpt_eval_1.fluency"),
        ({"metrics": {"gpt_eval_2": {"mqm_score": -1}}}, "body.metrics.gpt_eval_2.mqm_score"),
        ({"metrics": {"chrf": "good"}}, "body.metrics.chrf"),
        ({"metrics": {"chrf": True}}, "body.metrics.chrf"),
        ({"metrics": {"a b": 1}}, "body.metrics.a b"),
        ({"metrics": {"big": 10**400}}, "body.metrics.big"),
        ({"metrics": None}, "body.metrics"),
        ({"error_analysis": {"top_errors": [{"type": "x", "count": -1}]}}, "body.error_analysis.top_errors.0.count"),
        ({"error_analysis": {"top_errors": [{"type": "x\x00", "count": 1}]}}, "body.error_analysis.top_errors.0.type"),
    ],
)  # fmt: skip
def test_what_can_not_be_filed_is_refused_by_its_field(
    api: TestClient, rounds: list[str], change: dict[str, Any], field: str
) -> None:
    body = {"experiment_id": rounds[0], "track": "written", "metrics": {}, **change}
    answer = api.post("/evaluations", json=body)
    assert answer.status_code == 422, answer.text
    assert fields(answer) == [field]


def test_a_round_is_summed_up_by_track(api: TestClient, rounds: list[str]) -> None:
    alone = api.get(f"/evaluations/experiment/{rounds[1]}/summary").json()
    assert alone["spoken"] is None
    assert alone["written"] == {"accuracy": 1.0}
    assert alone["comparison"] == {"better_track": None, "bleu_diff": None}
    made = [
        filed(api, rounds[1], track=track, metrics={"bleu": bleu})
        for track, bleu in (("spoken", 0.25), ("written", 0.5))
    ]
    both = api.get(f"/evaluations/experiment/{rounds[1]}/summary").json()
    assert both["experiment_id"] == rounds[1]
    assert (both["spoken"], both["written"]) == ({"bleu": 0.25}, {"bleu": 0.5})
    assert both["comparison"] == {"better_track": "written", "bleu_diff": -0.25}
    for one in made:
        api.delete(f"/evaluations/{one['id']}")
    assert api.get("/evaluations/experiment/nobody/summary").status_code == 404


def test_two_evaluations_are_compared_row_by_row(api: TestClient, rounds: list[str]) -> None:
    ids = [
        api.get("/evaluations", params={"experiment_id": one, "track": "written"}).json()["items"][0]["id"]
        for one in rounds
    ]
    found = api.post("/evaluations/compare", json={"evaluationIds": ids}).json()
    assert found["metrics"]["accuracy"]["difference"] == pytest.approx(0.2)
    assert found["paired"]["rows"] == 30
    assert found["paired"]["difference"] == pytest.approx(0.2)
    assert found["paired"]["low"] < 0.2 < found["paired"]["high"]
    other = filed(api, rounds[0], metrics={"bleu": 0.5, "accuracy": 0.5})
    found = api.post("/evaluations/compare", json={"evaluation_ids": [ids[0], other["id"]]}).json()
    assert found["metrics"]["accuracy"]["difference"] == pytest.approx(-0.3)
    assert found["only_second"] == ["bleu"]
    assert found["paired"] is None
    api.delete(f"/evaluations/{other['id']}")
    assert api.post("/evaluations/compare", json={"evaluation_ids": [ids[0], "no"]}).status_code == 404
    assert fields(api.post("/evaluations/compare", json={"evaluation_ids": ids[:1]})) == [
        "body.evaluation_ids"
    ]


def test_the_setting_says_which_metrics_a_list_shows(api: TestClient, rounds: list[str]) -> None:
    made = filed(api, rounds[0])
    api.put("/settings/system", json={"evaluation": {"default_metrics": ["bleu", "gpt_eval_1"]}})
    shown = api.get("/evaluations", params={"track": "spoken"}).json()["items"][0]["metrics"]
    assert sorted(shown) == ["bleu", "gpt_eval_1"]
    assert api.get(f"/evaluations/{made['id']}").json()["metrics"] == METRICS
    api.post("/settings/system/reset")
    assert api.get("/evaluations", params={"track": "spoken"}).json()["items"][0]["metrics"] == METRICS
    api.delete(f"/evaluations/{made['id']}")
