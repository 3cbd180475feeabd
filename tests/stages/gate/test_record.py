"""The gate in the record: the suite's file decides, and the next version holds trusted and accepted rows."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.stages.conftest import Do
from tests.stages.tiny_task import write_suite, write_tiny
from veritrain_lib.core.errors import Refused
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.record.stage_run import StageRun
from veritrain_lib.stages.record.start_stage import start_stage
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.stages.stored_tables import POSITION
from veritrain_lib.tracking import datasets, runs


@pytest.fixture
def copies(home: Path, do: Do) -> Task:
    """A draft `tiny@2` of 25 rows of which 5 are copies: 80 % are none. It grew from the 21 seed rows."""
    task = load_task(write_tiny(home / "task", mostly=0.7))
    do("gate", task, dataset="seed")
    some = read_examples(task, home / "task" / "pool.csv", "pool").head(20)
    shouted = some.head(5).assign(
        text=some["text"].head(5).str.upper(), id=[f"{place:016d}" for place in range(5)]
    )
    run = runs.open_run(task, "draft", kind="data")
    datasets.save(task, run, pd.concat([some, shouted], ignore_index=True), status="draft", parent="tiny@1")
    runs.end_run(run, "FINISHED")
    return task


def test_an_edited_limit_changes_the_outcome_and_the_old_one_is_still_known(copies: Task, do: Do) -> None:
    passed = do("gate", copies, dataset="tiny@2")
    write_suite(copies.path.parent / "suite.json", mostly=0.9)
    blocked = do("gate", copies, dataset="tiny@2")
    assert (passed.run().outcome, blocked.run().outcome) == ("done", "blocked")
    assert [one.status for one in datasets.listing(copies)] == ["passed", "draft", "passed", "blocked"]
    with pytest.raises(Refused, match="tiny@4 is blocked"):
        do("train", copies, dataset="tiny@4")
    write_suite(copies.path.parent / "suite.json", mostly=0.7)
    again = do("gate", copies, dataset="tiny@2")
    assert (again.stored, again.run_id) == (True, passed.run_id)


def test_a_suite_by_another_name_is_other_work(copies: Task, do: Do) -> None:
    write_suite(copies.path.parent / "strict.json", mostly=0.9)
    assert do("gate", copies).run().outcome == "done"
    assert do("gate", copies, suite="strict.json").run().outcome == "blocked"


def test_the_next_version_is_the_trusted_rows_and_the_accepted_ones(gated: Task) -> None:
    task = gated
    draft, passed = datasets.load(task, "tiny@2"), datasets.load(task, "tiny@3")
    seed = sources.seed_rows(task)
    assert (draft.status, draft.parent, passed.status, passed.parent) == (
        "draft",
        "tiny@1",
        "passed",
        "tiny@2",
    )
    assert passed.rows["id"].tolist() == [*seed["id"], *draft.rows["id"]]
    assert set(passed.rows["source"]) == {"human", "pool"}


def test_quarantine_and_rules_are_artifacts_for_people(copies: Task, do: Do) -> None:
    from veritrain_lib.tracking import store

    stage = do("gate", copies)
    files = {file.path for file in store.client().list_artifacts(stage.run_id, "gate")}
    assert files == {
        f"gate/{name}"
        for name in (
            "data_docs.html",
            "quarantine.csv",
            "removed.csv",
            "warnings.csv",
            "rules.csv",
            "groups.csv",
            "withdrawn.csv",
            "second_answers.csv",
        )
    }
    assert runs.get(stage.run_id).data.metrics["rows_quarantined"] == 5


def test_accepted_and_warned_rows_are_stored_as_positions_in_the_dataset(copies: Task, do: Do) -> None:
    file = copies.path.parent / "suite.json"
    suite = json.loads(file.read_text(encoding="utf-8"))
    for rule in suite["expectations"]:
        if rule["meta"]["rule"] == "exact_duplicate":
            rule["meta"]["action"] = "warn"
            rule["severity"] = "warning"
    file.write_text(json.dumps(suite), encoding="utf-8")
    stage = do("gate", copies, dataset="tiny@2")
    whole, stored = stage.run(), load_result("gate", stage.run_id)
    assert (stored.row_count("accepted"), stored.row_count("warnings")) == (25, 5)
    for name in ("accepted", "warnings"):
        pd.testing.assert_frame_equal(stored.tables[name], whole.tables[name], check_dtype=False)
    artifacts = Path(runs.get(stage.run_id).info.artifact_uri.removeprefix("file://"))
    columns = {
        name: list(pd.read_parquet(artifacts / f"result/{name}.parquet").columns)
        for name in ("accepted", "warnings")
    }
    assert columns == {"accepted": [POSITION], "warnings": [POSITION, "reasons"]}
    assert list(pd.read_csv(artifacts / "gate/warnings.csv").columns) == ["id", "reasons"]


def gate_of_first_rows(task: Task) -> StageRun:
    """Gate the first 20 rows of the draft, as a cell that filters them does."""
    stage = start_stage("gate", {"task": str(task.path), "In": [], "dataset": "tiny@2"})
    stage.run(rows=stage.rows.head(20))
    stage.finish()
    return stage


def test_filtered_rows_of_a_draft_make_the_next_version_and_the_same_filter_is_the_same_work(
    copies: Task,
) -> None:
    stage = gate_of_first_rows(copies)
    draft, made = datasets.load(copies, "tiny@2"), datasets.of_run(stage.run_id)
    assert made is not None
    assert (made.reference, made.status, made.parent) == ("tiny@3", "passed", "tiny@2")
    assert made.rows["id"].tolist() == [*sources.seed_rows(copies)["id"], *draft.rows["id"].head(20)]
    assert runs.get(stage.run_id).data.tags["veritrain.edited"] == "rows: 25 -> 20 (5 removed)"
    again = gate_of_first_rows(copies)
    assert (again.stored, again.run_id) == (True, stage.run_id)
