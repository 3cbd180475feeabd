"""A glance at the store says what MLflow's client says of it, and leaves everything else to the client."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.core.task import Task
from veritrain_lib.tracking import connection_cache, lookup, models, runs, sqlite_reader, store
from veritrain_lib.tracking.entities import Experiment, Run

FILTERS = [
    "",
    "attributes.status = 'FINISHED'",
    "tags.`veritrain.stage` = 'gate'",
    "tags.`veritrain.stage` = 'gate' AND attributes.status = 'RUNNING'",
    "tags.`a b` = 'x AND y'",
    "tags.`veritrain.stage` = 'gate' AND tags.`a b` = 'x AND y'",
    "tags.`veritrain.stage` = 'Gate'",
]


@pytest.fixture
def filled(task: Task) -> Task:
    """A record with runs of every kind, two started in the same millisecond, and one that was deleted."""
    talk, place = store.client(), store.experiment(task).experiment_id
    for number, (stage, ending) in enumerate(
        [("gate", "FINISHED"), ("gate", "FAILED"), ("train", "KILLED"), ("gate", None), ("train", None)]
    ):
        tags = {"veritrain.stage": stage, "a b": "x AND y" if number % 2 else "x"}
        run = talk.create_run(place, start_time=1000 + number // 2, tags=tags, run_name=f"r{number}")
        run_id = run.info.run_id
        runs.log(
            run_id, parameters={"p": number, "empty": ""}, metrics={"m": 0.1 + number, "inf": float("inf")}
        )
        runs.log(run_id, metrics={"m": 0.2 + number}, step=1)
        talk.log_batch(run_id, metrics=[Metric("nan", float("nan"), 1, 0)])
        if ending:
            talk.set_terminated(run_id, ending)
        if number == 4:
            talk.delete_run(run_id)
    return task


@pytest.mark.parametrize("where", FILTERS)
@pytest.mark.parametrize("newest_first", [True, False])
def test_runs_are_found_in_mlflows_order_with_all_that_mlflow_knows(
    filled: Task, where: str, newest_first: bool
) -> None:
    place = store.experiment(filled).experiment_id
    order = [f"attributes.start_time {'DESC' if newest_first else 'ASC'}"]
    for limit in (1, 3, 100):
        theirs = store.client().search_runs([place], where, max_results=limit, order_by=order)
        with sqlite_reader.open_reader(store.uri()) as seen:
            mine = seen.runs(place, where, limit=limit, newest_first=newest_first)
        # As text: a NaN is not equal to itself.
        assert _plain(mine) == _plain([Run.of(run) for run in theirs])


def _plain(found: list[Run]) -> list[str]:
    return [
        repr(
            (run.info, *(sorted(part.items()) for part in (run.data.tags, run.data.params, run.data.metrics)))
        )
        for run in found
    ]


def test_a_run_is_found_by_its_id_also_when_it_was_deleted(filled: Task) -> None:
    talk, place = store.client(), store.experiment(filled).experiment_id
    everything = talk.search_runs([place], run_view_type=3)
    assert len(everything) == 5
    with sqlite_reader.open_reader(store.uri()) as seen:
        found = [seen.run(run.info.run_id) for run in everything]
        assert seen.run("0" * 32) is None
    assert _plain([run for run in found if run]) == _plain([Run.of(run) for run in everything])


def test_several_runs_are_found_at_once_by_id_as_one_by_one_with_and_without_the_client(
    filled: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = store.client().search_runs([store.experiment(filled).experiment_id], run_view_type=3)
    ids = [run.info.run_id for run in everything]
    monkeypatch.setattr(sqlite_reader, "IDS_PER_QUERY", 2)
    by_reader = lookup.get_all([*ids, "0" * 32, ids[0]])
    monkeypatch.setattr(sqlite_reader, "SCHEMA", "none")
    by_client = lookup.get_all([*ids, "0" * 32, ids[0]])
    assert set(by_reader) == set(by_client) == set(ids)
    stages = {run.info.lifecycle_stage for run in by_reader.values()}
    assert stages == {"active", "deleted"}
    for run_id in ids:
        assert _plain([by_reader[run_id]]) == _plain([by_client[run_id]]) == _plain([lookup.get(run_id)])


def test_more_runs_than_fit_into_one_question_keep_their_own_data(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_reader, "IDS_PER_QUERY", 2)
    made = [runs.open_run(task, str(number), kind="stage", tags={"n": str(number)}) for number in range(5)]
    assert {run.info.run_id: run.data.tags["n"] for run in runs.search(task)} == {
        run_id: str(number) for number, run_id in enumerate(made)
    }


@pytest.mark.parametrize(
    "where",
    [
        "tags.a = 'x'",
        "tags.`a` != 'x'",
        "tags.`a` LIKE 'x%'",
        "metrics.m > 1",
        "attributes.status = 'RUNNING' OR attributes.status = 'FAILED'",
        "tags.`mlflow.runName` = 'r0'",
        "attributes.run_name = 'r0'",
        "tags.`a` = 'it''s'",
    ],
)
def test_a_filter_of_another_form_is_for_the_client(filled: Task, where: str) -> None:
    with pytest.raises(sqlite_reader.UnsupportedRead), sqlite_reader.open_reader(store.uri()) as seen:
        seen.runs("1", where, limit=9, newest_first=True)


def test_experiments_are_those_of_the_client(task: Task) -> None:
    talk = store.client()
    store.experiment(task)
    gone = talk.create_experiment("gone", tags={"one": "1"})
    talk.delete_experiment(gone)
    with sqlite_reader.open_reader(store.uri()) as seen:
        for name in ("tiny", "gone", "Default"):
            theirs = talk.get_experiment_by_name(name)
            assert theirs is not None
            assert seen.experiment(name) == Experiment.of(theirs)
        assert seen.experiment("nobody") is None
        mine = {one.name: one for one in seen.experiments()}
    assert mine == {one.name: Experiment.of(one) for one in talk.search_experiments()}
    assert set(mine) == {"Default", "tiny"}


def test_versions_and_aliases_are_those_of_the_client(task: Task, home: Path) -> None:
    talk = store.client()
    run = runs.open_run(task, "train", kind="stage")
    talk.create_registered_model("tiny")
    for number in range(3):
        (home / "file").write_text("x")
        talk.create_model_version("tiny", str(home), run_id=run if number else None, tags={"n": str(number)})
    talk.set_registered_model_alias("tiny", "champion", "2")
    talk.delete_model_version("tiny", "1")
    with sqlite_reader.open_reader(store.uri()) as seen:
        theirs = talk.search_model_versions("name = 'tiny'")
        mine = seen.versions("tiny")
        assert [(one.version, one.tags, one.run_id) for one in mine] == sorted(
            ((int(one.version), dict(one.tags), one.run_id or "") for one in theirs), key=lambda one: one[0]
        )
        assert [one.storage_location for one in mine] == [
            talk.get_model_version_download_uri("tiny", n) for n in ("2", "3")
        ]
        champion = seen.alias("tiny", "champion")
        assert champion == seen.version("tiny", "2") == mine[0]
        assert [seen.version("tiny", "1"), seen.version("other", "2"), seen.alias("tiny", "nobody")] == [
            None
        ] * 3
        assert seen.versions("other") == []


@pytest.mark.parametrize(
    "address",
    ["http://tracking:5000", "postgresql://host/db", "sqlite:///{home}/none.db", "sqlite:///:memory:", ""],
)
def test_another_store_is_for_the_client(home: Path, address: str) -> None:
    with pytest.raises(sqlite_reader.UnsupportedRead), sqlite_reader.open_reader(address.format(home=home)):
        pass


def test_a_store_of_another_schema_is_for_the_client(task: Task, home: Path) -> None:
    runs.open_run(task, "here", kind="stage")
    assert len(runs.search(task)) == 1
    with sqlite3.connect(home / "mlflow.db") as opened:
        opened.execute("UPDATE alembic_version SET version_num = 'abc'")
    with (
        pytest.raises(sqlite_reader.UnsupportedRead, match="another schema"),
        sqlite_reader.open_reader(store.uri()),
    ):
        pass
    assert len(runs.search(task)) == 1, "the client is asked, which opened this store before"


def test_a_spoilt_store_is_for_the_client_which_says_what_is_wrong(
    new_home: Callable[[Path], Path], tmp_path: Path
) -> None:
    spoilt = new_home(tmp_path / "spoilt")
    (spoilt / "mlflow.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(sqlite_reader.UnsupportedRead), sqlite_reader.open_reader(store.uri()):
        pass
    with pytest.raises(Infrastructure, match="can't be opened"):
        store.find_experiment("tiny")


def test_the_schema_is_that_of_the_installed_mlflow(home: Path) -> None:
    from mlflow.store.db.utils import _get_latest_schema_revision

    newest = _get_latest_schema_revision()  # type: ignore[no-untyped-call]
    assert newest == sqlite_reader.SCHEMA


def test_without_a_glance_the_client_gives_the_same(filled: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers() -> list[Any]:
        found: list[Any] = [_plain(runs.search(filled, where)) for where in FILTERS]
        found += [_plain([runs.get(run.info.run_id)]) for run in runs.search(filled)]
        found += [store.experiment(filled), store.find_experiment("nobody"), models.listing(filled)]
        found += [{one.name for one in store.experiments()}, models.by_alias(filled, models.CHAMPION)]
        return found

    quick = answers()
    monkeypatch.setattr(sqlite_reader, "SCHEMA", "none")
    asked: list[str] = []
    real = MlflowClient.get_run

    def get_run(self: MlflowClient, run_id: str) -> Any:
        asked.append(run_id)
        return real(self, run_id)

    monkeypatch.setattr(MlflowClient, "get_run", get_run)
    assert answers() == quick
    assert len(asked) == 4


def test_a_look_sees_what_was_written_since_the_last_one_also_within_a_look(task: Task) -> None:
    first = runs.open_run(task, "first", kind="stage")
    with sqlite_reader.open_reader(store.uri()) as seen:
        second = runs.open_run(task, "second", kind="stage")
        assert seen.run(first) is not None
        assert seen.run(second) is None  # one consistent state
        with sqlite_reader.open_reader(store.uri()) as within:
            assert within.run(second) is not None
    with sqlite_reader.open_reader(store.uri()) as seen:
        assert seen.run(second) is not None


def test_a_look_after_an_error_and_in_another_file_of_the_same_name(task: Task, home: Path) -> None:
    run = runs.open_run(task, "before", kind="stage")
    with pytest.raises(KeyError, match="mine"), sqlite_reader.open_reader(store.uri()):
        raise KeyError("mine")
    with sqlite_reader.open_reader(store.uri()) as seen:
        assert seen.run(run) is not None
    file = home / "mlflow.db"
    file.rename(home / "old.db")
    with pytest.raises(sqlite_reader.UnsupportedRead), sqlite_reader.open_reader(store.uri()):
        pass
    shutil.copy(home / "old.db", file)
    with closing(sqlite3.connect(file)) as opened, opened:
        opened.execute("UPDATE runs SET name = 'after' WHERE run_uuid = ?", (run,))
    with sqlite_reader.open_reader(store.uri()) as seen:
        found = seen.run(run)
    assert found is not None
    assert found.info.run_name == "after"


def test_a_fork_and_a_thread_look_through_connections_of_their_own(task: Task) -> None:
    run = runs.open_run(task, "one", kind="stage")

    def look() -> bool:
        with sqlite_reader.open_reader(store.uri()) as seen:
            return seen.run(run) is not None

    assert look()
    child = os.fork()
    if not child:
        os._exit(0 if look() and len(connection_cache._idle_connection.inherited) == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: look(), range(8))) == [True] * 8
    assert look()
