"""Datasets are `name@version`: immutable, checked when opened, and there only once their run finished."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import Dataset
from veritrain_lib.core.task import Task
from veritrain_lib.tracking import datasets, row_file, runs, store
from veritrain_lib.tracking.missing_artifacts import MissingArtifact

COLUMNS = ["id", "text", "label", "source", "provenance"]


def table(*texts: str) -> pd.DataFrame:
    return pd.DataFrame(
        [[digest.of_example({"text": text}), text, "parcel", "human", "{}"] for text in texts],
        columns=COLUMNS,
    )


def rows_file(home: Path, dataset: Dataset) -> Path:
    return home / f"mlruns/tiny/{dataset.made_by}/artifacts/dataset/rows.parquet"


def stored(
    task: Task,
    rows: pd.DataFrame,
    ending: runs.FinalStatus | None = "FINISHED",
    sources: Sequence[Dataset] = (),
    **parts: str,
) -> Dataset:
    run = runs.open_run(task, "data", kind="stage")
    status: Any = parts.get("status", "passed")
    made = datasets.save(task, run, rows, status=status, parent=parts.get("parent"), sources=sources)
    if ending:
        runs.end_run(run, ending)
    return made


def test_versions_count_up_and_the_old_one_keeps_its_rows(task: Task) -> None:
    first = stored(task, table("one"))
    second = stored(task, table("one", "two"), parent=first.reference)
    assert (first.reference, second.reference) == ("tiny@1", "tiny@2")
    assert datasets.load(task, "tiny@1").rows["text"].tolist() == ["one"]
    again = datasets.load(task, "tiny@2")
    assert again.parent == "tiny@1"
    assert again.digest == digest.of_rows(again.rows)
    assert again.made_by == second.made_by


@pytest.mark.parametrize(
    "text",
    [
        "line\u2028separator",
        "next\u0085line",
        "form\x0cfeed",
        "a\nb\r\nc",
        'tab\t"quoted"',
        "配達はいつですか",
        "\x1e🙂",
    ],
)
def test_any_text_survives_the_file(task: Task, text: str) -> None:
    stored(task, table("before", text, "after"))
    assert datasets.load(task, "tiny@1").rows["text"].tolist() == ["before", text, "after"]


def test_a_dataset_without_rows_keeps_its_columns(task: Task) -> None:
    stored(task, table().astype(str))
    found = datasets.load(task, "tiny@1")
    assert len(found.rows) == 0
    assert list(found.rows.columns) == COLUMNS


def test_a_changed_file_is_refused_and_the_run_to_restore_is_named(task: Task, home: Path) -> None:
    made = stored(task, table("one", "two"))
    file = rows_file(home, made)
    pd.read_parquet(file).assign(label=["parcel", "billing"]).to_parquet(file)
    with pytest.raises(UserError, match=rf"tiny@1.*{made.made_by}.*not as it was stored"):
        datasets.load(task, "tiny@1").rows  # noqa: B018
    assert not datasets.is_intact(task, "tiny@1")


@pytest.mark.parametrize(("ending", "then"), [("KILLED", "tiny@1"), ("FAILED", "tiny@1"), (None, "tiny@2")])
def test_a_stage_that_did_not_finish_leaves_no_version(
    task: Task, ending: runs.FinalStatus | None, then: str
) -> None:
    """One that is still under way keeps the number that it took: it may finish yet."""
    stored(task, table("half"), ending)
    assert datasets.listing(task) == []
    assert datasets.latest(task) is None
    assert stored(task, table("whole")).reference == then
    assert datasets.load(task, then).rows["text"].tolist() == ["whole"]


def test_a_dataset_that_is_made_again_after_its_files_were_lost_keeps_its_number(
    task: Task, home: Path
) -> None:
    """Models and other datasets know it by that number."""
    first, second = stored(task, table("one")), stored(task, table("two"))
    runs.write_manifest(str(first.made_by))
    rows_file(home, first).unlink()
    with pytest.raises(MissingArtifact, match=r"dataset tiny@1: dataset/rows\.parquet of run .* is missing"):
        datasets.load(task, "tiny@1")
    assert not datasets.is_intact(task, "tiny@1")
    assert stored(task, table("one")).reference == "tiny@1"
    assert datasets.load(task, "tiny@1").rows["text"].tolist() == ["one"]
    runs.delete(str(second.made_by))
    assert stored(task, table("two")).reference == "tiny@2", "its run lies in MLflow's trash"


def test_an_unknown_reference_lists_those_there_are(task: Task) -> None:
    with pytest.raises(UserError, match=r"no dataset tiny@3; there are: none yet"):
        datasets.load(task, "tiny@3")
    stored(task, table("one"))
    stored(task, table("two"))
    with pytest.raises(UserError, match=r"no dataset tiny@3; there are: tiny@1, tiny@2"):
        datasets.load(task, "tiny@3")
    for malformed in ("tiny", "tiny@x", "tiny@-1", "@"):
        with pytest.raises(UserError, match="write NAME@VERSION, for example tiny@1"):
            datasets.load(task, malformed)


def test_latest_looks_at_the_status(task: Task) -> None:
    for text, status in (("a", "draft"), ("b", "passed"), ("c", "blocked")):
        stored(task, table(text), status=status)
    assert [one.status for one in datasets.listing(task)] == ["draft", "passed", "blocked"]
    references = {
        statuses: found.reference
        for statuses in ((), ("passed",), ("draft", "passed"))
        if (found := datasets.latest(task, *statuses))  # type: ignore[arg-type]
    }
    assert references == {(): "tiny@3", ("passed",): "tiny@2", ("draft", "passed"): "tiny@2"}


def test_the_run_that_made_it_and_one_that_uses_it_show_it_as_their_input(task: Task) -> None:
    made = stored(task, table("one"))
    user = runs.open_run(task, "train", kind="stage")
    datasets.log_input(user, made, "training")
    for run, context in ((made.made_by or "", "made"), (user, "training")):
        inputs = store.client().get_run(run).inputs
        assert inputs is not None
        (given,) = inputs.dataset_inputs
        assert (given.dataset.name, given.dataset.digest) == ("tiny@1", made.digest[:12])
        assert [tag.value for tag in given.tags] == [context]
    assert datasets.of_run(user) is None
    found = datasets.of_run(made.made_by or "")
    assert found is not None
    assert found.reference == "tiny@1"


def test_rows_are_read_when_they_are_first_used_and_once(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(task, table("one"))
    reads: list[str] = []
    read = row_file.read

    def counting(file: Path) -> object:
        reads.append(f"{file.parent.name}/{file.name}")
        return read(file)

    monkeypatch.setattr(row_file, "read", counting)
    found = datasets.load(task, "tiny@1")
    assert (found.reference, found.status, found.digest) == ("tiny@1", "passed", digest.of_rows(table("one")))
    assert reads == []
    assert found.rows is found.rows
    assert reads == ["dataset/rows.parquet"]
