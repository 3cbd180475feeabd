"""What a cell changes before a stage runs is in the record as what was run, and never taken for the loop's own work."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.stages.conftest import Do
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.loop.stage_job import find_or_claim
from veritrain_lib.quality.suite import load_suite
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.record.progress_reports import STATUS_FILE
from veritrain_lib.stages.record.stage_run import StageRun, prepare
from veritrain_lib.stages.record.start_stage import start_stage
from veritrain_lib.stages.train.result import TrainResult
from veritrain_lib.tracking import datasets, models, runs

SUITE_CHANGE = "suite: exact_duplicate 0.5 -> 0"


@pytest.fixture
def task(home: Path) -> Task:
    return load_task(write_tiny(home / "task"))


def gate(task: Task, **parameters: Any) -> StageRun:
    return start_stage("gate", {"task": str(task.path), "In": [], "dataset": "seed", **parameters})


def loops_own(task: Task) -> str:
    """The digest that the loop computes before it launches the gate's notebook."""
    return prepare("gate", {"task": str(task.path), "dataset": "seed"}, inner=True).digest


def with_copies(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows as a pool's, which a gate may remove, with two of them twice."""
    return pd.concat([rows, rows.head(2)], ignore_index=True).assign(source="pool")


def test_what_is_given_unchanged_is_the_loops_own_work_and_is_found_again(task: Task) -> None:
    stage = gate(task)
    stage.run(rows=stage.rows, suite=stage.suite)
    stage.finish()
    tags = runs.get(stage.run_id).data.tags
    assert tags["veritrain.digest"] == loops_own(task)
    assert "veritrain.edited" not in tags
    [found] = find_or_claim(task, [("gate", {"dataset": "seed"})])
    assert getattr(found, "run_id", "a job that would do it again") == stage.run_id
    again = gate(task)
    again.run(rows=again.rows, suite=again.suite.with_limit("exact_duplicate", 0.5))
    assert (again.stored, again.run_id) == (True, stage.run_id), "a limit that is set to what it was is none"
    assert "shown from the record" in again.finish()


def test_another_limit_is_other_work_that_the_record_names_and_the_loop_does_not_take(task: Task) -> None:
    stage = gate(task)
    stage.run(suite=stage.suite.with_limit("exact_duplicate", 0.0))
    assert stage.finish().endswith(f"; edited: {SUITE_CHANGE}")
    found = runs.get(stage.run_id).data
    assert found.tags["veritrain.edited"] == found.params["edited"] == SUITE_CHANGE
    assert found.tags["veritrain.digest"] == stage.digest != loops_own(task)
    [work] = find_or_claim(task, [("gate", {"dataset": "seed"})])
    assert not hasattr(work, "run_id"), "the loop has its own work still to do"
    work.discard()  # type: ignore[union-attr]
    again = gate(task)
    again.run(suite=again.suite.with_limit("exact_duplicate", 0.0))
    assert (again.stored, again.run_id) == (True, stage.run_id)
    assert again.own_digest == loops_own(task)


def test_the_edited_suite_decides_and_is_stored_to_be_kept(task: Task, tmp_path: Path) -> None:
    stage = gate(task)
    rows = with_copies(stage.rows)
    passed = stage.run(rows=rows)
    stage.finish()
    other = gate(task)
    blocked = other.run(rows=rows, suite=other.suite.with_limit("exact_duplicate", 0.05))
    other.finish()
    assert (passed.outcome, blocked.outcome) == ("done", "blocked")
    stored = datasets.listing(task)
    assert [(one.reference, one.status) for one in stored] == [("tiny@1", "passed"), ("tiny@2", "blocked")]
    file = runs.fetch(other.run_id, "gate", tmp_path) / "suite.json"
    kept = load_suite(shutil.copy(file, task.path.parent / "kept.json"))
    assert next(rule.limit for rule in kept.rules if rule.id == "exact_duplicate") == 0.05
    assert runs.get(other.run_id).data.tags["veritrain.edited"] == (
        "rows: 21 -> 23 (21 removed, 23 added or changed); suite: exact_duplicate 0.5 -> 0.05"
    )


def test_filtered_rows_are_what_was_judged_and_a_changed_text_gets_its_own_id(task: Task) -> None:
    stage = gate(task)
    rows = stage.rows.head(10)
    rows.loc[0, "text"] = "a text that is in no file"
    result = stage.run(rows=rows)
    stage.finish()
    accepted = result.tables["accepted"]
    assert accepted["text"].tolist()[0] == "a text that is in no file"
    assert accepted["id"].nunique() == 10
    assert accepted["id"][0] != sources.seed_rows(task)["id"][0]
    dataset = datasets.of_run(stage.run_id)
    assert dataset is not None
    assert len(dataset.rows) == 10
    assert stage.rows.equals(sources.seed_rows(task)), "the stage's own rows are as they were"


def test_a_change_after_the_run_is_another_run_and_the_first_cell_goes_on_with_the_same(task: Task) -> None:
    stage = gate(task)
    stage.run()
    first = stage.run_id
    strict = stage.suite.with_limit("exact_duplicate", 0.0)
    stage.run(suite=strict)
    second = stage.run_id
    assert runs.get(first).info.status == "KILLED", "it was left open and is not gone on with"
    assert gate(task) is stage
    assert stage.run(suite=strict) is stage.result
    assert stage.run_id == second
    stage.finish()
    stage.run()
    stage.finish()
    assert runs.get(stage.run_id).data.tags["veritrain.digest"] == loops_own(task)
    assert [run.info.status for run in runs.search(task)].count("FINISHED") == 2
    assert "RUNNING" not in {run.info.status for run in runs.search(task)}


def test_an_edited_run_belongs_to_no_round(task: Task) -> None:
    round_run = runs.open_run(task, "round 1", kind="round", tags={"veritrain.round": "1"})
    stage = gate(task, round_run=round_run)
    stage.run(rows=stage.rows.head(15))
    stage.finish()
    assert runs.children(task, round_run) == []
    stage.run()
    stage.finish()
    assert [child.info.run_id for child in runs.children(task, round_run)] == [stage.run_id]


def test_a_command_refuses_a_notebook_that_was_saved_with_a_change(
    task: Task, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(STATUS_FILE, str(tmp_path / "status.json"))
    stage = gate(task)
    with pytest.raises(Refused, match=r"03_gate\.ipynb was saved with a change \(suite: exact_duplicate"):
        stage.run(suite=stage.suite.with_limit("exact_duplicate", 0.0))
    assert runs.search(task) == []
    stage.run(rows=stage.rows, suite=stage.suite)
    assert json.loads((tmp_path / "status.json").read_text())["run"] == stage.run_id


def test_what_a_stage_does_not_take_is_refused_by_name_before_a_run_is_opened(task: Task) -> None:
    stage = gate(task)
    with pytest.raises(UserError, match=r"does not take suit; .*: rows, suite"):
        stage.run(suit=stage.suite)
    with pytest.raises(UserError, match="suite is str; it must be a suite"):
        stage.run(suite="strict")
    with pytest.raises(UserError, match="the rows have the columns id, text"):
        stage.run(rows=stage.rows[["id", "text"]])
    holes = stage.rows
    holes.loc[3, "label"] = None
    with pytest.raises(UserError, match="missing values in label"):
        stage.run(rows=holes)
    with pytest.raises(AttributeError, match="stage gate has no trainer; it offers: rows, suite"):
        _ = stage.trainer
    with pytest.raises(UserError, match="no result before run"):
        _ = stage.result
    assert runs.search(task) == []


def test_another_parameter_of_the_trainer_is_another_model_and_the_record_says_so(task: Task, do: Do) -> None:
    own = do("train", task)
    stage = start_stage("train", {"task": str(task.path), "In": []})
    assert stage.trainer.with_parameters(C=1).values() == stage.trainer.values(), "1 is the default"
    same = stage.run(trainer=stage.trainer.with_parameters(C=1))
    assert (stage.stored, stage.run_id) == (True, own.run_id)
    other = stage.run(trainer=stage.trainer.with_parameters(C=0.01))
    stage.finish()
    assert isinstance(same, TrainResult)
    assert isinstance(other, TrainResult)
    assert (same.model, other.model) == ("models:/tiny/1", "models:/tiny/2")
    assert models.identity(task, same.model) != models.identity(task, other.model), "a look at it is its own"
    assert runs.get(stage.run_id).data.tags["veritrain.edited"] == "trainer: C 1.0 -> 0.01"
    [found] = find_or_claim(task, [("train", {})])
    assert getattr(found, "run_id", "a job that would do it again") == own.run_id


def test_a_trainer_that_can_not_be_used_is_refused_before_a_run_is_opened(task: Task, do: Do) -> None:
    do("gate", task, dataset="seed")
    before = len(runs.search(task))
    stage = start_stage("train", {"task": str(task.path), "In": []})
    with pytest.raises(UserError, match=r"has no parameter c; it has: .*C"):
        stage.trainer.with_parameters(c=2)
    with pytest.raises(UserError, match="C"):
        stage.run(trainer=stage.trainer.with_parameters(C=-1))
    with pytest.raises(UserError, match=r"trainer is str; it must be stage\.trainer"):
        stage.run(trainer="memory")
    with pytest.raises(UserError, match=r"does not take rows; .*: trainer"):
        stage.run(rows=stage.rows.head(5))
    assert len(runs.search(task)) == before
    assert "tfidf_svc" in repr(stage.trainer)
    assert "word_ngrams" in stage.trainer._repr_html_()
