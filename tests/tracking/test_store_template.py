"""A fresh store is a copy of a migrated one, equal to what MLflow would have made, or MLflow makes it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.conftest import MIGRATE
from veritrain_lib.core.task import Task
from veritrain_lib.tracking import store, store_template


def content(file: Path) -> dict[str, object]:
    """Schema and rows of a store, without the times at which experiment 0 was made."""
    with closing(sqlite3.connect(file)) as opened:
        found = opened.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        tables = [name for kind, name, *_ in found if kind == "table"]
        # In which order a migration writes a table's constraints depends on Python's hash seed.
        schema = [(*names, sorted((sql or "").replace(",", "").split("\n"))) for *names, sql in found]
        rows: dict[str, object] = {
            name: opened.execute(f'SELECT * FROM "{name}"').fetchall()
            for name in tables
            if name != "experiments"
        }
        experiments = (
            "SELECT experiment_id, name, artifact_location, lifecycle_stage, workspace FROM experiments"
        )
        settings = ("user_version", "application_id", "page_size", "auto_vacuum", "encoding")
        return {
            "schema": sorted(schema, key=repr),
            "rows": rows,
            "experiments": opened.execute(experiments).fetchall(),
            "settings": [opened.execute(f"PRAGMA {name}").fetchone() for name in settings],
        }


@pytest.mark.slow
def test_a_copy_equals_what_mlflow_makes_in_that_folder(tmp_path: Path) -> None:
    file = tmp_path / "project" / "mlflow.db"
    assert store_template.create_store(file)
    mine = content(file)
    made = file.stat().st_mtime
    with closing(sqlite3.connect(file)) as opened:
        times = opened.execute("SELECT creation_time, last_update_time FROM experiments").fetchall()
    assert all(abs(one / 1000 - made) < 60 for one in times[0])
    assert [path.name for path in file.parent.iterdir()] == ["mlflow.db"]

    file.unlink()
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MIGRATE, f"sqlite:///{file}"],
        check=True, env=environment, cwd=file.parent, timeout=300,
    )  # fmt: skip
    theirs = content(file)
    assert theirs["rows"]["alembic_version"] != []  # type: ignore[index]
    assert mine == theirs


def test_a_new_project_gets_a_copy_and_mlflow_opens_it(
    task: Task, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = home / "fresh"
    monkeypatch.setenv("VERITRAIN_HOME", str(fresh))
    store_template.make_template()
    began = time.process_time()
    assert store.experiment(task).artifact_location == (fresh / "mlruns").as_uri() + "/tiny"
    used = time.process_time() - began
    default = store.client().get_experiment("0")
    assert default.artifact_location == str(fresh / "mlruns" / "0")
    assert used < 2.5, f"{used:.1f} s: all of MLflow's migrations ran"


def test_a_store_that_is_there_is_never_touched(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    file.write_bytes(b"mine")
    assert not store_template.create_store(file)
    assert file.read_bytes() == b"mine"


def test_a_new_store_has_its_write_ahead_log_before_anybody_opens_it(tmp_path: Path) -> None:
    assert store_template.create_store(tmp_path / "mlflow.db")
    # https://sqlite.org/fileformat.html: both format versions are 2 with a write-ahead log, and 1 without.
    assert (tmp_path / "mlflow.db").read_bytes()[18:20] == b"\x02\x02"
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


@pytest.mark.slow
def test_of_several_processes_one_provides_the_store_and_all_find_it_whole(tmp_path: Path) -> None:
    store_template.make_template()
    file = tmp_path / "mlflow.db"
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as several:
        won = list(several.map(store_template.create_store, [file] * 8))
    assert won.count(True) == 1
    assert content(file)["experiments"] == [(0, "Default", f"{tmp_path}/mlruns/0", "active", "default")]
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


def test_a_template_is_made_once_in_the_first_place_that_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    first, second = tmp_path / "file" / "a.db", tmp_path / "cache" / "a.db"
    monkeypatch.setattr(store_template, "template_paths", lambda: iter([first, second]))
    migrated: list[Path] = []

    def migrate(place: Path) -> None:
        migrated.append(place)
        place.write_bytes(b"a store")

    monkeypatch.setattr(store_template, "_migrate", migrate)
    assert store_template.find_template() is None
    assert [
        store_template.make_template(),
        store_template.make_template(),
        store_template.find_template(),
    ] == [second] * 3
    assert migrated == [second]


@pytest.mark.parametrize("spoilt", [b"", b"no database", None])
def test_without_a_usable_template_mlflow_migrates_the_store_itself(
    task: Task, home: Path, monkeypatch: pytest.MonkeyPatch, spoilt: bytes | None
) -> None:
    file = home / "file"
    file.write_bytes(spoilt or b"")
    # Below a file nothing can be written, not even by root.
    monkeypatch.setattr(
        store_template, "template_paths", lambda: iter([file if spoilt is not None else file / "store.db"])
    )
    project = home / f"project {len(spoilt or b'')}"
    assert not store_template.create_store(project / "mlflow.db")
    assert list(project.iterdir()) == []
    if spoilt is None:
        monkeypatch.setenv("VERITRAIN_HOME", str(project))
        assert store.experiment(task).name == "tiny"


def test_a_store_of_the_environments_choice_is_left_to_mlflow(
    task: Task, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        store_template, "create_store", lambda _: pytest.fail("nobody asked for a store here")
    )
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home}/mlflow.db?timeout=20")
    monkeypatch.setenv("VERITRAIN_HOME", str(home / "elsewhere"))
    assert store.experiment(task).name == "tiny"
    assert not (home / "elsewhere" / "mlflow.db").exists()


def test_another_mlflow_has_another_template(monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    here = [place.name for place in store_template.template_paths()]
    monkeypatch.setattr(mlflow, "__version__", "9.9.9")
    assert len(set(here)) == 1
    assert not set(here) & {place.name for place in store_template.template_paths()}
