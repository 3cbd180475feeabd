"""Pages of a long record are what the record says, counted and cut in the database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.server_fill import TASKS, fill
from veritrain_lib.tracking import store
from veritrain_lib.tracking.listing import (
    RUN_ID_KEY,
    RunQuery,
    count_runs,
    first_of_each_experiment,
    read_runs,
    runs_page,
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
            RunQuery(search=f"{task[:-1].upper()}", search_task=True),
            lambda t: t["veritrain.task"] == task,
        ),
        (
            RunQuery(either=[{"veritrain.stage": ["gate"], "veritrain.dataset.status": ["draft"]}]),
            lambda t: t.get("veritrain.stage") == "gate" or t.get("veritrain.dataset.status") == "draft",
        ),
    ]
    for query, holds in cases:
        assert set(_all(query)) == {run_id for run_id, tags in everything.items() if holds(tags)}, query
    assert _all(RunQuery(either=[{RUN_ID_KEY: [some], "veritrain.none": ["x"]}])) == [some]
    assert count_runs(RunQuery(params={"teacher": ["pool"]})) == count_runs(RunQuery(tags=ROUNDS))


@pytest.mark.parametrize("search", ["%", "_", "\\", "round_1", "' OR 1=1 --"])
def test_signs_of_a_pattern_are_only_signs(everything: dict[str, dict[str, str]], search: str) -> None:
    assert runs_page(RunQuery(search=search)) == ([], 0)


def test_a_deleted_run_is_in_no_list(everything: dict[str, dict[str, str]]) -> None:
    gone = _all(RunQuery(tags=ROUNDS))[0]
    store.client().delete_run(gone)
    assert gone not in _all(RunQuery(tags=ROUNDS))
    assert read_runs([gone]) == {}


def test_one_tag_of_several_is_enough(home: Path) -> None:
    talk = store.client()
    made = [
        str(talk.create_run("0", tags=tags).info.run_id)
        for tags in ({"a": "1"}, {"b": "1"}, {"a": "2", "c": "1"}, {"c": "1"})
    ]

    def found(*either: dict[str, list[str]]) -> set[int]:
        return {made.index(run.info.run_id) for run in runs_page(RunQuery(either=either))[0]}

    assert found({"a": ["1"], "b": ["1"]}) == {0, 1}
    assert found({"a": [], "b": []}) == {0, 1, 2}
    assert found({"a": ["1"], RUN_ID_KEY: [made[3]]}) == {0, 3}
    assert found({"a": []}, {"c": [], "b": []}) == {2}, "of each group one"
    assert found() == {0, 1, 2, 3}


def test_the_first_of_each_experiment_are_what_a_page_of_each_would_give(
    everything: dict[str, dict[str, str]],
) -> None:
    query = RunQuery(tags=ROUNDS, statuses=["FINISHED", "FAILED"])
    names = {one.experiment_id: one.name for one in store.experiments()}
    found = first_of_each_experiment(query, names, limit=3)
    assert {names[key] for key in found} == set(TASKS)
    one = next(iter(found))
    assert first_of_each_experiment(query, [one], limit=3) == {one: found[one]}
    for key, (first, total) in found.items():
        alone = RunQuery(tags={**ROUNDS, "veritrain.task": [names[key]]}, statuses=query.statuses)
        page, whole = runs_page(alone, limit=3)
        assert ([run.info.run_id for run in first], total) == ([run.info.run_id for run in page], whole)
    assert first_of_each_experiment(RunQuery(tags={"veritrain.none": []}), names, limit=3) == {}
