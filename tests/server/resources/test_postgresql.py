"""Lists and single things over HTTP on PostgreSQL, which is stricter than SQLite: numbers, casts, letters, zero bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.server.postgres import new_database
from tests.server.walked import Walked, server_over, walked_home
from veritrain_lib.server.database.session import engine
from veritrain_lib.tracking import runs, store

pytestmark = pytest.mark.slow  # a whole round with PostgreSQL as the record


@pytest.fixture(scope="module")
def walked(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    """A round of the task `tiny` in a database of its own."""
    home = tmp_path_factory.mktemp("postgresql")
    with new_database() as address, walked_home(home, empty_store, DATABASE_URL=address) as made:
        yield made


@pytest.fixture(scope="module")
def api(walked: Walked) -> Iterator[TestClient]:
    """A server over it."""
    with server_over() as client:
        assert engine().dialect.name == "postgresql"
        yield client


LISTS = ("models", "datasets", "experiments", "evaluations", "reports")

SEARCHED = ("models", "datasets", "experiments", "reports")

NOBODY = (
    "0" * 32, "g" * 32, "nobody", "tiny-99", "tiny-2147483648", "tiny-99999999999999999999", "9" * 400, "é-1", "%00",
    "tiny-1%00", "a'b-1", "%F0%9F%98%80",
)  # fmt: skip
"""Ids of nothing. PostgreSQL refuses numbers beyond its columns and zero bytes, which SQLite takes for no match."""


def listed(api: TestClient, name: str, **asked: Any) -> dict[str, Any]:
    """An answer of a list."""
    found = api.get(f"/api/v1/{name}", params=asked)
    assert found.status_code == 200, found.text
    answer: dict[str, Any] = found.json()
    return answer


def one(api: TestClient, name: str, thing: str) -> dict[str, Any]:
    """A single thing."""
    found = api.get(f"/api/v1/{name}/{thing}")
    assert found.status_code == 200, found.text
    answer: dict[str, Any] = found.json()
    return answer


@pytest.mark.parametrize("name", LISTS)
def test_pages_of_one_are_the_whole_list_in_its_order(api: TestClient, name: str) -> None:
    whole = listed(api, name)
    ids = [item["id"] for item in whole["items"]]
    assert whole["total"] == len(ids) == len(set(ids)) == 2
    pages = [listed(api, name, page=number, page_size=1) for number in (1, 2, 3)]
    assert [[item["id"] for item in page["items"]] for page in pages] == [[ids[0]], [ids[1]], []]
    assert [page["total"] for page in pages] == [2, 2, 2], "the page behind the last one knows the total too"
    times = [item.get("created_at") or item["createdAt"] for item in whole["items"]]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("name", SEARCHED)
def test_a_search_knows_no_case_and_no_patterns(api: TestClient, name: str) -> None:
    for text, total in (("TIN", 2), ("tin", 2), ("t_ny", 0), ("t%y", 0), ("\\", 0), ("'", 0), ("日本", 0)):
        assert listed(api, name, search=text)["total"] == total, text
    refused = api.get(f"/api/v1/{name}", params={"search": "a\x00b"})
    assert refused.status_code == 422


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("thing", NOBODY)
def test_what_is_not_there_is_a_404(api: TestClient, name: str, thing: str) -> None:
    found = api.get(f"/api/v1/{name}/{thing}")
    assert found.status_code == 404, found.text
    assert found.headers["content-type"] == "application/problem+json"


def test_models(api: TestClient, walked: Walked) -> None:
    versions = store.client().search_model_versions("name = 'tiny'")
    assert {item["id"] for item in listed(api, "models")["items"]} == {
        f"tiny-{one.version}" for one in versions
    }
    assert listed(api, "models", type="adapter")["total"] == 0
    assert listed(api, "models", status="available", sort_by="name")["total"] == 2
    best = one(api, "models", "tiny-2")
    assert "champion" in best["aliases"]
    assert best["config"]["dataset"] == "tiny@3"
    measured = api.get("/api/v1/models/tiny-2/evaluations").json()
    assert measured["total"] == 2
    assert walked.rounds[1] in {item["experiment_id"] for item in measured["items"]}


def test_datasets(api: TestClient, walked: Walked) -> None:
    assert {item["id"] for item in listed(api, "datasets")["items"]} == {walked.draft, walked.seed}
    for asked, total in (
        ({"type": "human"}, 2), ({"type": "mixed"}, 0), ({"status": "passed"}, 2), ({"status": "blocked"}, 0),
        ({"direction": "tiny", "scene": "written"}, 2), ({"scene": "meeting"}, 0),
    ):  # fmt: skip
        assert listed(api, "datasets", **asked)["total"] == total, asked
    drafted = one(api, "datasets", walked.draft)
    assert (drafted["overview"]["totalCount"], drafted["rows"]) == (15, 15)
    assert drafted["qualityGate"]["status"] == "passed"
    assert [use["experimentId"] for use in drafted["usageHistory"]] == [walked.rounds[1]]


def test_experiments(api: TestClient, walked: Walked) -> None:
    ids = [item["id"] for item in listed(api, "experiments")["items"]]
    assert ids == [walked.rounds[1], walked.rounds[0]]
    assert [item["id"] for item in listed(api, "experiments", model_id="tiny-1")["items"]] == ids[:1]
    assert listed(api, "experiments", model_id="tiny-99999999999999999999")["total"] == 0
    assert listed(api, "experiments", status="completed")["total"] == 2
    assert listed(api, "experiments", status="running")["total"] == 0
    found, run = one(api, "experiments", ids[0]), runs.get(ids[0])
    assert (found["status"], found["bestScore"]) == ("completed", run.data.metrics["accuracy"])
    assert found["metrics"] == run.data.metrics
    assert found["evaluation"]["id"] == run.data.tags["veritrain.run.evaluate"]
    assert api.get(f"/api/v1/experiments/{ids[0]}/logs").json()


def test_evaluations(api: TestClient, walked: Walked) -> None:
    (mine,) = listed(api, "evaluations", experiment_id=walked.rounds[1], track="written")["items"]
    assert listed(api, "evaluations", track="spoken")["total"] == 0
    assert mine["id"] == runs.get(walked.rounds[1]).data.tags["veritrain.run.evaluate"]
    assert mine["metrics"]["accuracy"] == runs.get(mine["id"]).data.metrics["accuracy"]
    found = one(api, "evaluations", mine["id"])
    assert (found["experiment_name"], found["model_name"], len(found["sample_results"])) == (
        "round 1", "tiny-2", 30,
    )  # fmt: skip
    summary = api.get(f"/api/v1/evaluations/experiment/{walked.rounds[1]}/summary").json()
    assert summary["written"] == mine["metrics"]


def test_reports(api: TestClient, walked: Walked) -> None:
    mine = runs.get(walked.rounds[1]).data.tags["veritrain.run.report"]
    assert mine in {item["id"] for item in listed(api, "reports")["items"]}
    assert listed(api, "reports", type="performance", status="draft")["total"] == 2
    assert listed(api, "reports", status="published")["total"] == 0
    found = one(api, "reports", mine)
    assert found["experimentId"] == walked.rounds[1]
    assert found["conclusions"] == runs.get(mine).data.tags[runs.NOTE_TAG]
