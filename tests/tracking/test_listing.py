"""Pages of a long record are what the record says, counted and cut in the database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.server_fill import TASKS, fill
from veritrain_lib.tracking import store
from veritrain_lib.tracking.listing import (
    RUN_ID,
    RunQuery,
    VersionQuery,
    aliased,
    count_runs,
    read_runs,
    runs_page,
    versions_page,
)

ROUNDS = {"veritrain.kind": ["round"]}


@pytest.fixture
def everything(home: Path) -> dict[str, dict[str, str]]:
    """A record of about a hundred runs: by run id its tags, with name and status, as MLflow's own search gives them."""
    fill(scale=0.01)
    ids = [one.experiment_id for one in store.client().search_experiments()]
    found = store.client().search_runs(ids, max_results=5000)
    return {
        run.info.run_id: {**run.data.tags, "status": run.info.status, "name": run.info.run_name}
        for run in found
    }


def _all(query: RunQuery) -> list[str]:
    found, total = runs_page(query, limit=1000)
    assert total == len(found) == count_runs(query)
    return [run.info.run_id for run in found]


def test_pages_put_together_are_the_whole_list_and_each_tells_the_total(
    everything: dict[str, dict[str, str]],
) -> None:
    whole = _all(RunQuery(tags=ROUNDS))
    pages = [runs_page(RunQuery(tags=ROUNDS), offset=offset, limit=20) for offset in range(0, len(whole), 20)]
    assert [run.info.run_id for page, _ in pages for run in page] == whole
    assert {total for _, total in pages} == {len(whole)}
    assert set(whole) == {run_id for run_id, tags in everything.items() if tags["veritrain.kind"] == "round"}
    assert runs_page(RunQuery(tags=ROUNDS), offset=10_000) == ([], len(whole))


def test_every_kind_of_condition_chooses_as_reading_all_tags_would(
    everything: dict[str, dict[str, str]],
) -> None:
    some = next(iter(everything))
    task = TASKS[0]
    cases: list[tuple[RunQuery, Callable[[dict[str, str]], bool]]] = [
        (
            RunQuery(tags={**ROUNDS, "veritrain.task": [task]}),
            lambda t: t["veritrain.kind"] == "round" and t["veritrain.task"] == task,
        ),
        (
            RunQuery(tags=ROUNDS, statuses=["FAILED", "KILLED"]),
            lambda t: t["veritrain.kind"] == "round" and t["status"] in ("FAILED", "KILLED"),
        ),
        (
            RunQuery(tags={"veritrain.dataset.name": []}, without={"veritrain.input.draft": []}),
            lambda t: "veritrain.dataset.name" in t and "veritrain.input.draft" not in t,
        ),
        (
            RunQuery(without={"veritrain.stage": ["gate", "report"]}),
            lambda t: t.get("veritrain.stage") not in ("gate", "report"),
        ),
        (
            RunQuery(tags=ROUNDS, search="ROUND 1"),
            lambda t: t["veritrain.kind"] == "round" and "round 1" in t["name"],
        ),
        (
            RunQuery(search=f"{task[:-1].upper()}", search_tags=["veritrain.task"]),
            lambda t: t["veritrain.task"] == task,
        ),
        (
            RunQuery(either=[{"veritrain.stage": ["gate"], "veritrain.dataset.status": ["draft"]}]),
            lambda t: t.get("veritrain.stage") == "gate" or t.get("veritrain.dataset.status") == "draft",
        ),
    ]
    for query, holds in cases:
        assert set(_all(query)) == {run_id for run_id, tags in everything.items() if holds(tags)}, query
    assert _all(RunQuery(either=[{RUN_ID: [some], "veritrain.none": ["x"]}])) == [some]
    assert count_runs(RunQuery(params={"teacher": ["pool"]})) == count_runs(RunQuery(tags=ROUNDS))


@pytest.mark.parametrize("search", ["%", "_", "\\", "round_1", "' OR 1=1 --"])
def test_signs_of_a_pattern_are_only_signs(everything: dict[str, dict[str, str]], search: str) -> None:
    assert runs_page(RunQuery(search=search)) == ([], 0)


def test_a_deleted_run_is_in_no_list(everything: dict[str, dict[str, str]]) -> None:
    gone = _all(RunQuery(tags=ROUNDS))[0]
    store.client().delete_run(gone)
    assert gone not in _all(RunQuery(tags=ROUNDS))
    assert read_runs([gone]) == {}


def test_versions_are_paged_ordered_and_found_by_tag_and_alias(everything: dict[str, dict[str, str]]) -> None:
    whole, total = versions_page(VersionQuery(), limit=100)
    assert total == len(whole) == 20
    assert [one.created for one in whole] == sorted((one.created for one in whole), reverse=True)
    base, _ = versions_page(VersionQuery(tags={"veritrain.type": ["base"]}), limit=100)
    rest, _ = versions_page(VersionQuery(without={"veritrain.type": ["base"]}), limit=100)
    assert len(base) + len(rest) == 20
    by_status, _ = versions_page(
        VersionQuery(order_tag=("veritrain.status", "available"), descending=False), limit=100
    )
    statuses = [one.version.tags["veritrain.status"] for one in by_status]
    assert statuses == sorted(statuses)
    assert versions_page(VersionQuery(), offset=500) == ([], 20)
    champions = aliased("champion")
    assert [one.version.name for one in champions] == sorted(TASKS)
    assert all("champion" in one.aliases for one in champions)
