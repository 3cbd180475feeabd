"""A row is stored once, in the first dataset that holds it, and comes back from there exactly as it was saved."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tracking.test_datasets import rows_file, stored, table
from veritrain_lib.core import digest
from veritrain_lib.core.records import Dataset
from veritrain_lib.core.task import Task
from veritrain_lib.tracking import artifacts, datasets, missing_files, part_runs, row_file, runs, stored_rows
from veritrain_lib.tracking.missing_artifacts import MissingArtifact


def layout(home: Path, dataset: Dataset) -> dict[str, object]:
    file = home / f"mlruns/tiny/{dataset.made_by}/artifacts/dataset/layout.json"
    content: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    return content


def own_texts(home: Path, dataset: Dataset) -> list[str]:
    file = rows_file(home, dataset)
    return pd.read_parquet(file)["text"].tolist() if file.exists() else []


def test_a_later_dataset_holds_only_the_rows_that_its_sources_do_not_hold(task: Task, home: Path) -> None:
    seed = stored(task, table("a", "b", "c"))
    draft = stored(task, table("d", "b", "e"), sources=[seed])
    both = pd.concat([seed.rows.iloc[1:], draft.rows.iloc[[0, 2]]], ignore_index=True)
    passed = stored(task, both, sources=[draft, seed])
    assert [own_texts(home, one) for one in (seed, draft, passed)] == [["a", "b", "c"], ["d", "e"], []]
    assert datasets.load(task, draft.reference).rows["text"].tolist() == ["d", "b", "e"]
    assert datasets.load(task, passed.reference).rows["text"].tolist() == ["b", "c", "d", "e"]
    # A reader opens the two runs that hold rows, however many datasets lie between.
    assert {part["run"] for part in layout(home, passed)["parts"]} == {seed.made_by, draft.made_by}  # type: ignore[attr-defined]
    assert layout(home, passed)["spans"] == [[0, 1, 2], [1, 0, 2]]


def test_a_row_with_the_same_id_and_another_label_is_another_row(task: Task, home: Path) -> None:
    first = stored(task, table("a", "b"))
    corrected = first.rows.assign(label=["billing", "parcel"])
    second = stored(task, corrected, sources=[first])
    assert own_texts(home, second) == ["a"]
    assert datasets.load(task, second.reference).rows["label"].tolist() == ["billing", "parcel"]
    assert datasets.load(task, first.reference).rows["label"].tolist() == ["parcel", "parcel"]


def test_copies_within_a_dataset_are_stored_once(task: Task, home: Path) -> None:
    made = stored(task, table("a", "b", "a"))
    assert own_texts(home, made) == ["a", "b"]
    assert datasets.load(task, made.reference).rows["text"].tolist() == ["a", "b", "a"]


def test_a_column_that_a_source_lacks_is_empty_in_its_rows(task: Task) -> None:
    first = stored(task, table("a", "b"))
    wider = pd.concat([first.rows, table("c").assign(scene="meeting")], ignore_index=True)
    made = stored(task, wider, sources=[first])
    rows = datasets.load(task, made.reference).rows
    assert list(rows.columns) == list(wider.columns)
    assert rows["scene"].isna().tolist() == [True, True, False]
    assert digest.of_rows(rows) == digest.of_rows(wider)


def test_rows_that_are_all_stored_elsewhere_leave_only_a_layout(task: Task, home: Path) -> None:
    first = stored(task, table("a", "b"))
    second = stored(task, first.rows.iloc[::-1], sources=[first])
    folder = home / f"mlruns/tiny/{second.made_by}/artifacts/dataset"
    assert [file.name for file in folder.iterdir()] == ["layout.json"]
    assert datasets.load(task, second.reference).rows["text"].tolist() == ["b", "a"]


values = st.one_of(
    st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=5), st.integers(-(2**60), 2**60),
    st.booleans(), st.floats(allow_nan=False), st.lists(st.text("ab", max_size=2), max_size=2),
    st.dictionaries(st.text("ab", min_size=1, max_size=2), st.integers(), max_size=2),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.lists(st.tuples(values, values), max_size=5),
    more=st.lists(st.tuples(values, values), max_size=5),
)
def test_any_values_come_back_as_they_were_saved_also_from_files_of_several_runs(
    tmp_path: Path, first: list[tuple[object, object]], more: list[tuple[object, object]]
) -> None:
    import numpy as np

    frames = [
        pd.DataFrame({"a": [one for one, _ in rows], "b": [two for _, two in rows]}, dtype=object)
        for rows in (first, more)
    ]
    tables = []
    for number, rows in enumerate(frames):
        json_columns = row_file.write(rows, tmp_path / f"{number}.parquet")
        tables.append((row_file.read(tmp_path / f"{number}.parquet"), json_columns))
    again = row_file.pick(tables, np.arange(sum(map(len, frames))), ["a", "b"])
    assert digest.of_rows(again) == digest.of_rows(pd.concat(frames, ignore_index=True))


def test_a_file_of_rows_that_is_cut_or_whose_run_is_deleted_is_named_with_the_command_that_helps(
    task: Task, home: Path
) -> None:
    seed = stored(task, table("a", "b"))
    passed = stored(task, table("b"), sources=[seed])
    assert runs.missing(runs.get(str(passed.made_by))) == ["files.json"], "no stage wrote this run"
    runs.delete(str(seed.made_by))
    named = rf"tiny@2: dataset/rows\.parquet of run {seed.made_by} is deleted.*mlflow runs restore --run-id {seed.made_by}"
    with pytest.raises(MissingArtifact, match=named):
        datasets.load(task, "tiny@2")
    assert not datasets.is_intact(task, "tiny@2")
    again = stored(task, table("a", "b"))
    assert again.reference == "tiny@1"
    assert datasets.load(task, "tiny@2").rows["text"].tolist() == ["b"], (
        "from the run that made the rows again"
    )
    file = rows_file(home, again)
    runs.write_manifest(str(again.made_by))
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(
        MissingArtifact, match=rf"tiny@2: dataset/rows\.parquet of run {seed.made_by} is deleted"
    ):
        datasets.load(task, "tiny@2")


def test_a_layout_that_is_no_layout_is_named(task: Task, home: Path) -> None:
    made = stored(task, table("a"))
    file = home / f"mlruns/tiny/{made.made_by}/artifacts/dataset/layout.json"
    for content in ("", "{}", '{"columns": ["text"], "parts": [], "spans": [[0, 0, 1]]}', "[]"):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(MissingArtifact, match=r"tiny@1: dataset/layout\.json of run"):
            datasets.load(task, "tiny@1").rows  # noqa: B018


def test_a_process_reads_a_file_of_rows_once_and_again_when_it_changes(
    task: Task, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    seed = stored(task, table("a", "b"))
    stored(task, table("b", "c"), sources=[seed])
    reads: list[str] = []
    read = row_file.read

    def counting(file: Path) -> object:
        reads.append(file.parts[-4])
        return read(file)

    monkeypatch.setattr(row_file, "read", counting)
    for _ in range(3):
        assert datasets.load(task, "tiny@1").rows["text"].tolist() == ["a", "b"]
        assert datasets.load(task, "tiny@2").rows["text"].tolist() == ["b", "c"]
    assert len(reads) == len(set(reads)) == 2
    changed = datasets.load(task, "tiny@1").rows
    changed["text"] = "x"
    assert datasets.load(task, "tiny@1").rows["text"].tolist() == ["a", "b"], (
        "what a caller does to its rows is its own"
    )
    rows_file(home, seed).write_bytes(b"nothing")
    assert not datasets.is_intact(task, "tiny@1")


def test_what_is_kept_in_memory_is_bounded(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_runs, "MAX_KEPT_BYTES", 0)
    stored(task, table("a"))
    assert datasets.load(task, "tiny@1").rows["text"].tolist() == ["a"]
    assert not part_runs._kept


def test_nothing_is_checked_where_the_files_are_on_another_machine(task: Task) -> None:
    from dataclasses import replace

    made = runs.get(str(stored(task, table("a")).made_by))
    elsewhere = replace(made, info=replace(made.info, artifact_uri="s3://bucket/run/artifacts"))
    assert stored_rows.lost(elsewhere) is None


def test_rows_on_another_machine_are_downloaded_once(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a process whose artifacts come from a server: none of its files is at hand."""
    seed = stored(task, table("a", "b"))
    stored(task, table("b", "c"), sources=[seed])
    downloads: list[str] = []
    fetch = artifacts.fetch

    def counting(run_id: str, artifact_path: str, destination: Path) -> Path:
        downloads.append(f"{artifact_path} of {run_id}")
        return fetch(run_id, artifact_path, destination)

    monkeypatch.setattr(artifacts, "fetch", counting)
    for module in (part_runs, stored_rows, missing_files):
        monkeypatch.setattr(module, "local_folder", lambda uri: None)
    for _ in range(2):
        assert datasets.load(task, "tiny@2").rows["text"].tolist() == ["b", "c"]
    files = [name for name in downloads if name.startswith("dataset/rows.parquet")]
    assert len(files) == len(set(files)) == 2
