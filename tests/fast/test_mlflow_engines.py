"""MLflow's engines for a SQLite store: written ahead, and taught before a fork without a trace."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from veritrain_lib.fast import mlflow_engines
from veritrain_lib.tracking import sqlite_settings, store, store_template


@pytest.fixture
def taught() -> Iterator[None]:
    """What a zygote does; forgotten after the test."""
    mlflow_engines.warm_sql_cache(store_template.create_store)
    yield
    mlflow_engines._warmed_engines.clear()


def open_files_below(folder: str) -> list[str]:
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:  # the descriptor of the listing itself
            continue
    return [file for file in found if folder in file]


def test_a_local_store_is_written_ahead_and_read_by_anybody(home: Path) -> None:
    store.client().create_experiment("one")
    for kind in mlflow_engines.store_classes():
        with kind._engine_map[store.uri()].connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
    with closing(sqlite3.connect(home / "mlflow.db")) as opened:
        assert ("one",) in opened.execute("SELECT name FROM experiments").fetchall()


def test_a_store_that_is_no_sqlite_file_is_left_to_mlflow() -> None:
    mlflow_engines.open_engines("http://127.0.0.1:1", sqlite_settings.use_wal)
    assert all("http://127.0.0.1:1" not in kind._engine_map for kind in mlflow_engines.store_classes())


@pytest.mark.usefixtures("taught")
def test_the_rehearsal_leaves_no_file_no_connection_and_no_address() -> None:
    assert open_files_below("veritrain-rehearsal-") == []
    assert all(
        "rehearsal" not in address for kind in mlflow_engines.store_classes() for address in kind._engine_map
    )


@pytest.mark.usefixtures("taught")
def test_a_taught_process_writes_each_store_for_itself_and_learns_no_sql_anew(tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    counts = []
    for name in ("first", "second"):
        file = tmp_path / f"{name}.db"
        assert store_template.create_store(file)
        address = f"sqlite:///{file}"
        mlflow_engines.open_engines(address, sqlite_settings.use_wal)
        client = MlflowClient(tracking_uri=address, registry_uri=address)
        run = client.create_run("0", tags={"which": name}).info.run_id
        client.set_terminated(run, "FINISHED")
        assert client.get_run(run).data.tags["which"] == name
        assert [one.info.run_id for one in client.search_runs(["0"])] == [run]
        counts.append(len(mlflow_engines.store_classes()[0]._engine_map[address]._compiled_cache))
    assert counts[1] <= counts[0] + 1, "a search writes its SQL anew each time"
    runs = mlflow_engines.store_classes()[0]
    first, second = (runs._engine_map[f"sqlite:///{tmp_path / name}.db"] for name in ("first", "second"))
    assert first._compiled_cache is second._compiled_cache
    assert first.url != second.url


def test_without_a_rehearsal_engines_are_mlflows_own(tmp_path: Path) -> None:
    file = tmp_path / "plain.db"
    assert store_template.create_store(file)
    mlflow_engines.open_engines(f"sqlite:///{file}", sqlite_settings.use_wal)
    kinds = mlflow_engines.store_classes()
    caches = [kind._engine_map[f"sqlite:///{file}"]._compiled_cache for kind in kinds]
    assert caches[0] is not caches[1]
