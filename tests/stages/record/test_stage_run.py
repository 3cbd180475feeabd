"""A stage in the record: checked parameters, a run that ends with the truth, no work done twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stages.conftest import Do
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.execution import ParameterError
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.record.progress_reports import STATUS_FILE, CellErrorWatcher, read_status
from veritrain_lib.stages.record.stage_run import prepare
from veritrain_lib.stages.record.start_stage import start_stage
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.stages.train import run as train
from veritrain_lib.tracking import runs


@pytest.fixture
def task(home: Path) -> Task:
    return load_task(write_tiny(home / "task"))


def given(task: Task, **parameters: Any) -> dict[str, Any]:
    return {"task": str(task.path), "In": [], **parameters}


def test_wrong_parameters_are_refused_before_a_run_is_opened(task: Task) -> None:
    injected = '# Parameters\nseed = 1\ndatset = "seed"\n'
    with pytest.raises((UserError, ParameterError), match="datset"):
        start_stage("gate", given(task, In=["", injected]))
    for name, value in (("seed", "1"), ("seed", True), ("dataset", 3)):
        with pytest.raises(UserError, match=rf"parameter {name} is {value!r} .*it must be"):
            start_stage("gate", given(task, **{name: value}))
    with pytest.raises(UserError, match="no stage is called 'gates'; stages: probe, generate, gate"):
        start_stage("gates", given(task))
    assert runs.search(task) == []


def test_close_comes_after_run(task: Task) -> None:
    with pytest.raises(UserError, match="run the cells from the top"):
        start_stage("gate", given(task, dataset="seed")).finish()


def test_a_run_by_hand_is_open_until_the_last_cell(task: Task) -> None:
    stage = start_stage("gate", given(task, dataset="seed"))
    stage.run()
    assert runs.get(stage.run_id).info.status == "RUNNING"
    stage.finish()
    assert runs.get(stage.run_id).info.status == "FINISHED"
    found = runs.get(stage.run_id).data
    assert found.tags["veritrain.digest"] == stage.digest
    assert found.tags["veritrain.outcome"] == "done"
    assert found.params["dataset"] == "seed"
    assert found.metrics["rows_accepted"] == 21


def test_a_failed_stage_says_why_and_the_next_try_goes_on_in_its_run(
    task: Task, do: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    do("gate", task, dataset="seed")
    stage = prepare("train", {"task": str(task.path)})
    with monkeypatch.context() as broken:

        def fail(*_: object) -> None:
            raise OSError("the disk is full\nsecond line")

        broken.setattr(train, "run", fail)
        with pytest.raises(OSError, match="disk is full"):
            stage.run()
    failed = runs.get(stage.run_id)
    assert failed.info.status == "FAILED"
    assert failed.data.tags["veritrain.reason"] == "OSError: the disk is full"
    stage.run()
    stage.finish()
    assert stage.run_id == failed.info.run_id
    assert runs.get(stage.run_id).info.status == "FINISHED"


def test_an_input_by_name_and_the_same_by_default_are_the_same_work(task: Task, do: Do) -> None:
    do("train", task)
    digests = {
        prepare("train", {"task": str(task.path), **parameters}).digest
        for parameters in ({}, {"dataset": "tiny@1"}, {"round_run": ""})
    }
    assert len(digests) == 1
    assert prepare("train", {"task": str(task.path), "seed": 1}).digest not in digests


@pytest.mark.parametrize("changed", ["development", "trainer"])
def test_other_rows_or_another_trainer_are_other_work(task: Task, do: Do, changed: str) -> None:
    done = do("train", task)
    if changed == "development":
        file = task.path.parent / "dev.csv"
        file.write_text(
            "\n".join(file.read_text(encoding="utf-8").splitlines()[:-1]) + "\n", encoding="utf-8"
        )
    else:
        task.path.write_text(task.path.read_text() + "trainer: {parameters: {C: 0.5}}\n", encoding="utf-8")
    assert prepare("train", {"task": str(task.path), "dataset": "tiny@1"}).digest != done.digest


def test_under_the_engine_the_engine_is_told_and_closes_the_run(
    task: Task, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    status_file = tmp_path / "status.json"
    monkeypatch.setenv(STATUS_FILE, str(status_file))
    assert read_status(status_file) == ("", False)
    stage = start_stage("train", given(task, run_upstream=True))
    stage.run()
    stage.finish()
    assert read_status(status_file) == (stage.run_id, False), "the gate that ran first told it nothing"
    assert runs.get(stage.run_id).info.status == "RUNNING"
    runs.end_run(stage.run_id, "FINISHED")
    again = start_stage("train", given(task, run_upstream=True))
    again.run()
    assert read_status(status_file) == (stage.run_id, True)


def test_a_cell_that_fails_after_the_run_fails_it(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    class Events(dict[str, Any]):
        def register(self, name: str, call: Any) -> None:
            self[name] = call

        def unregister(self, name: str, call: Any) -> None:
            if self.pop(name, None) is None:
                raise ValueError(name)

    class Shell:
        events = Events()

    class Outcome:
        error_in_exec: BaseException | None = None
        error_before_exec: BaseException | None = None

    monkeypatch.setattr("veritrain_lib.stages.record.progress_reports._shell", lambda: Shell)
    stage = start_stage("gate", given(task, dataset="seed"))
    stage.run()
    Shell.events["post_run_cell"](Outcome())
    assert runs.get(stage.run_id).info.status == "RUNNING"
    bad = Outcome()
    bad.error_in_exec = ZeroDivisionError("in a later cell")
    Shell.events["post_run_cell"](bad)
    assert runs.get(stage.run_id).info.status == "FAILED"
    stage.finish()
    mended = runs.get(stage.run_id)
    assert mended.info.status == "FINISHED", "the cell was mended and the last one ran"
    assert mended.data.tags["veritrain.reason"] == "a cell failed and was corrected by hand"
    assert not Shell.events


def test_going_back_to_the_first_cell_leaves_no_run_open(task: Task) -> None:
    first = start_stage("gate", given(task, dataset="seed"))
    first.run()
    assert start_stage("gate", given(task, dataset="seed")) is first
    other = start_stage("gate", given(task, dataset="seed", seed=1))
    assert other is not first
    left = runs.get(first.run_id)
    assert left.info.status == "KILLED"
    assert "started again with other parameters" in left.data.tags["veritrain.reason"]
    other.run()
    other.finish()
    assert {run.info.status for run in runs.search(task)} == {"KILLED", "FINISHED"}


def test_a_stage_that_is_open_in_another_record_is_left_alone(
    new_home: Callable[[Path], Path], tmp_path: Path
) -> None:
    task = load_task(write_tiny(tmp_path / "task"))
    new_home(tmp_path / "first")
    first = start_stage("gate", given(task, dataset="seed"))
    first.run()
    new_home(tmp_path / "second")
    other = start_stage("gate", given(task, dataset="seed", seed=1))
    other.run()
    other.finish()
    new_home(tmp_path / "first")
    assert start_stage("gate", given(task, dataset="seed")) is first
    first.finish()
    assert [run.info.status for run in runs.search(task)] == ["FINISHED"]


def test_watching_outside_a_notebook_does_nothing() -> None:
    watch = CellErrorWatcher(lambda error: pytest.fail("nothing failed"))
    watch.start()
    watch.stop()
    watch.stop()


def test_a_stored_result_opens_by_its_run_and_shows_itself_escaped(home: Path, do: Do) -> None:
    task = load_task(write_tiny(home / "task", description="<b>bold</b>"))
    stage = do("gate", task, dataset="seed")
    opened = load_result("gate", stage.run_id)
    assert opened.tables["accepted"]["id"].tolist() == sources.seed_rows(task)["id"].tolist()
    page = stage._repr_html_()
    assert "<script" not in page
    assert "seed" in page
    letter = json.dumps({"run": stage.run_id, "stored": True})
    file = home / "status.json"
    file.write_text(letter)
    assert read_status(file) == (stage.run_id, True)
