"""Files of a run: tables as MLflow stores them, and read in place when they lie on this machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from veritrain_lib.core.task import Task
from veritrain_lib.tracking import artifacts, runs, store
from veritrain_lib.tracking.missing_artifacts import MissingArtifact

TABLES = {
    "texts.json": pd.DataFrame(
        {"text": ['a "b"', "配達\u2028", ""], "n": [1, 2, 3], "x": [0.1, np.nan, 1e300]}
    ),
    "rows.json": pd.DataFrame({"yes": [True, None], "list": [["a"], []]}),
    "none.json": pd.DataFrame({"a": []}),
}


def test_tables_are_what_mlflow_would_have_stored_one_by_one(task: Task) -> None:
    theirs, mine = (runs.open_run(task, name, kind="stage") for name in ("theirs", "mine"))
    for name, rows in TABLES.items():
        store.client().log_table(theirs, rows.astype(object).where(rows.notna(), None), name)
    runs.log_table(mine, TABLES["texts.json"], "texts.json")
    runs.log_tables(mine, TABLES)
    for name in TABLES:
        both = [runs.fetch(run, name, Path("unused")).read_bytes() for run in (theirs, mine)]
        assert both[0] == both[1]
    tags = [runs.get(run).data.tags[artifacts.LOGGED] for run in (theirs, mine)]
    assert tags[0] == tags[1]
    shown = store.client().load_table(store.experiment(task).experiment_id, "texts.json", [mine])
    assert shown["text"].tolist() == TABLES["texts.json"]["text"].tolist()


def test_a_table_stored_again_replaces_the_old_one(task: Task) -> None:
    run = runs.open_run(task, "again", kind="stage")
    for rows in (5, 2):
        runs.log_table(run, pd.DataFrame({"n": range(rows)}), "n.json")
    shown = store.client().load_table(store.experiment(task).experiment_id, "n.json", [run])
    assert shown["n"].tolist() == [0, 1]


def test_files_on_this_machine_are_read_where_they_are(task: Task, home: Path, tmp_path: Path) -> None:
    run = runs.open_run(task, "files", kind="stage")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file.txt").write_text("said")
    runs.log_folder(run, tmp_path / "sub", "place")
    found = runs.fetch(run, "place", tmp_path / "into")
    assert found == home / "mlruns" / "tiny" / run / "artifacts" / "place"
    assert (found / "file.txt").read_text() == "said"
    assert not (tmp_path / "into").exists()


def test_files_elsewhere_are_brought_here(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.open_run(task, "files", kind="stage")
    (tmp_path / "file.txt").write_text("said")
    runs.log_file(run, tmp_path / "file.txt", "place")
    monkeypatch.setattr(artifacts, "local_folder", lambda _: None)
    into = tmp_path / "into"
    into.mkdir()
    found = runs.fetch(run, "place", into)
    assert found == into / "place"
    assert (found / "file.txt").read_text() == "said"


def test_a_file_that_is_not_there_is_an_error(task: Task, tmp_path: Path) -> None:
    run = runs.open_run(task, "files", kind="stage")
    with pytest.raises(MissingArtifact, match=f"nothing of run {run} is missing"):
        runs.fetch(run, "nothing", tmp_path)


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("file:///a/b%20c", Path("/a/b c")),
        ("/a/b c", Path("/a/b c")),
        ("file://localhost/a", Path("/a")),
        ("file://elsewhere/a", None),
        ("mlflow-artifacts://host/1/2", None),
        ("s3://bucket/a", None),
        ("https://host/a", None),
        ("relative/a", None),
        ("", None),
    ],
)
def test_an_address_means_a_folder_only_on_this_machine(address: str, folder: Path | None) -> None:
    assert artifacts.local_folder(address) == folder


def test_a_client_is_asked_for_one_tag_however_many_tables(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.open_run(task, "tables", kind="stage")
    written: list[str] = []
    real = MlflowClient.set_tag

    def set_tag(self: MlflowClient, run_id: str, key: str, value: str) -> None:
        written.append(key)
        real(self, run_id, key, value)

    monkeypatch.setattr(MlflowClient, "set_tag", set_tag)
    runs.log_tables(run, TABLES)
    runs.log_tables(run, TABLES)
    assert written == [artifacts.LOGGED]
