"""One stage notebook: its run in the record ends as the notebook did, whoever was killed meanwhile."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.stages.in_process import InProcess
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.execution import Job, NotebookOutcome
from veritrain_lib.loop.stage_job import (
    SEPARATOR,
    StageFailed,
    StageJob,
    find_completed,
    notebook_of,
    recover_killed_runs,
    run_stage,
)
from veritrain_lib.loop.stage_pages import FUNCTION, PDF
from veritrain_lib.stages import NAMES
from veritrain_lib.stages.record.progress_reports import STATUS_FILE, write_status
from veritrain_lib.tracking import runs

DEAD = f"{socket.gethostname()}/{os.getpid()}/1"
"""An owner of this host whose process is gone: the number is taken by another one, started later."""


@pytest.fixture
def task(home: Path) -> Task:
    return load_task(write_tiny(home / "task"))


class Ends:
    """A runner whose notebook ends in a given way, after `before` was done in it."""

    def __init__(self, status: Any, before: Callable[[Job], None] = lambda job: None) -> None:
        self.status, self.before = status, before

    def run(self, jobs: Sequence[Job], *, on_progress: Any, on_done: Any) -> list[NotebookOutcome]:
        outcomes = [self._end(job) for job in jobs]
        for job, outcome in zip(jobs, outcomes, strict=True):
            on_done(job, outcome)
        return outcomes

    def run_in_background(self, function: str, *arguments: str) -> None:
        InProcess().run_in_background(function, *arguments)

    def get_ready(self, *functions: str) -> None:
        pass

    def finish(self) -> None:
        pass

    def _end(self, job: Job) -> NotebookOutcome:
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")]), job.output)
        self.before(job)
        error = None if self.status == "finished" else "SomeError: why"
        return NotebookOutcome(self.status, job.output, 1.0, error, None if error is None else 3, 2, 5)


def artifacts(run_id: str) -> list[str]:
    from veritrain_lib.tracking import store

    return [Path(file.path).name for file in store.client().list_artifacts(run_id, "notebook")]


def test_every_stage_has_its_notebook() -> None:
    assert all(notebook_of(stage).is_file() for stage in NAMES)
    assert notebook_of("gate").name == "03_gate.ipynb"


def test_work_is_done_once_and_then_found(task: Task, home: Path) -> None:
    runner = InProcess()
    assert find_completed(task, "gate", {"dataset": "seed"}) is None
    done = run_stage(task, "gate", {"dataset": "seed"}, runner=runner)
    again = run_stage(task, "gate", {"dataset": "seed"}, runner=runner)
    assert (done.stored, again.stored, again.run_id) == (False, True, done.run_id)
    assert again.result.headline == done.result.headline
    assert runner.jobs == ["gate"]
    assert runs.get(done.run_id).info.status == "FINISHED"
    assert list((home / ".veritrain" / "running").iterdir()) == [], "the desk is cleared"


@pytest.mark.parametrize(
    ("ended", "status"),
    [("failed", "FAILED"), ("timed_out", "FAILED"), ("died", "FAILED"), ("interrupted", "KILLED")],
)
def test_a_notebook_that_ends_badly_before_its_stage_began_is_in_the_record_too(
    task: Task, ended: str, status: str
) -> None:
    with pytest.raises(
        StageFailed, match=rf"gate {ended.replace('_', ' ')} in cell 3: SomeError: why.*artifact of run"
    ):
        run_stage(task, "gate", {"dataset": "seed"}, runner=Ends(ended))
    (run,) = runs.search(task)
    assert (run.info.status, run.data.tags["veritrain.stage"]) == (status, "gate")
    assert "SomeError: why" in run.data.tags["veritrain.reason"]
    assert artifacts(run.info.run_id) == ["03_gate.html", "03_gate.ipynb"]


def test_a_notebook_that_fails_after_its_stage_ran_leaves_no_finished_work(task: Task) -> None:
    def work(job: Job) -> None:
        assert InProcess().do(job).ok

    with pytest.raises(StageFailed):
        run_stage(task, "gate", {"dataset": "seed"}, runner=Ends("failed", work))
    (run,) = runs.search(task)
    assert run.info.status == "FAILED"
    assert find_completed(task, "gate", {"dataset": "seed"}) is None


IN_A_KERNEL = """
import json, sys
from veritrain_lib.stages.record.start_stage import start_stage
stage = start_stage("gate", {**json.loads(sys.argv[1]), "In": []})
stage.run()
stage.finish()
"""


@pytest.mark.slow
def test_a_run_is_not_abandoned_while_its_engine_lives_though_its_kernel_has_ended(task: Task) -> None:
    closed: list[str] = []

    def work(job: Job) -> None:
        command = [sys.executable, "-c", IN_A_KERNEL, json.dumps(dict(job.parameters))]
        subprocess.run(command, env={**os.environ, **job.environment}, check=True, timeout=120)
        closed.extend(runs.close_abandoned(task))  # as another loop on this task does at any time

    done = run_stage(task, "gate", {"dataset": "seed"}, runner=Ends("finished", work))
    assert closed == []
    run = runs.get(done.run_id)
    assert (run.info.status, run.data.tags[runs.OWNER_TAG]) == ("FINISHED", runs.owner())


def test_a_notebook_without_a_stage_in_it_is_a_failure(task: Task) -> None:
    with pytest.raises(StageFailed, match=r"03_gate\.ipynb ended without doing its stage"):
        run_stage(task, "gate", {"dataset": "seed"}, runner=Ends("finished"))
    (run,) = runs.search(task)
    assert run.info.status == "FAILED"


def test_showing_stored_work_in_a_notebook_that_then_fails_does_not_spoil_the_stored_run(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = run_stage(task, "gate", {"dataset": "seed"}, runner=InProcess())
    monkeypatch.setattr("veritrain_lib.loop.stage_job._finished", lambda *_: None)
    with pytest.raises(StageFailed):
        run_stage(
            task,
            "gate",
            {"dataset": "seed"},
            runner=Ends(
                "failed", lambda job: write_status(Path(job.environment[STATUS_FILE]), stored.run_id, True)
            ),
        )
    assert runs.get(stored.run_id).info.status == "FINISHED"
    assert sorted(run.info.status for run in runs.search(task)) == ["FAILED", "FINISHED"]


def leave(home: Path, owner: str, run_id: str, *, stored: bool = False) -> Path:
    """A desk as a process leaves it that was killed with a notebook on it."""
    desk = home / ".veritrain" / "running" / f"{owner.replace('/', SEPARATOR)}{SEPARATOR}0"
    desk.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(), desk / "03_gate.ipynb")
    write_status(desk / "status.json", run_id, stored)
    return desk


def test_what_a_killed_process_left_goes_to_its_run(task: Task, home: Path) -> None:
    run = runs.open_run(task, "gate", kind="stage", tags={runs.OWNER_TAG: DEAD})
    desk = leave(home, DEAD, run)
    recover_killed_runs(task)
    assert runs.get(run).info.status == "KILLED"
    assert artifacts(run) == ["03_gate.html", "03_gate.ipynb"]
    assert not desk.exists()


@pytest.mark.parametrize("owner", ["", "another-host/7/1"], ids=["living", "elsewhere"])
def test_the_desk_of_a_living_process_or_of_another_machine_is_left_alone(
    task: Task, home: Path, owner: str
) -> None:
    run = runs.open_run(task, "gate", kind="stage")
    desk = leave(home, owner or runs.owner(), run)
    recover_killed_runs(task)
    assert runs.get(run).info.status == "RUNNING"
    assert desk.exists()


def test_leftovers_never_change_a_run_that_ended_or_work_that_was_only_shown(task: Task, home: Path) -> None:
    run = runs.open_run(task, "gate", kind="stage")
    runs.end_run(run, "FINISHED")
    for stored in (True, False):
        desk = leave(home, DEAD, run, stored=stored)
        recover_killed_runs(task)
        assert runs.get(run).info.status == "FINISHED"
        assert not desk.exists()


def test_leftovers_of_another_task_wait_until_it_is_worked_on(task: Task, home: Path) -> None:
    other = load_task(write_tiny(home / "other", "other"))
    run = runs.open_run(other, "gate", kind="stage", tags={runs.OWNER_TAG: DEAD})
    desk = leave(home, DEAD, run)
    recover_killed_runs(task)
    assert desk.exists()
    recover_killed_runs(other)
    assert runs.get(run).info.status == "KILLED"
    assert not desk.exists()


class Asked(InProcess):
    """A runner that notes what it is to do afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.later: list[tuple[str, ...]] = []

    def run_in_background(self, function: str, *arguments: str) -> None:
        self.later.append((function, *arguments))


def test_a_report_that_is_filed_becomes_a_pdf_once_while_its_notebook_goes_on(task: Task) -> None:
    runner = Asked()
    report = StageJob(task, "report", {})
    status_file = Path(report.job.environment[STATUS_FILE])
    report.on_next_cell(runner)
    write_status(status_file, "the run", False)
    report.on_next_cell(runner)
    assert runner.later == []
    write_status(status_file, "the run", False, result_stored=True)
    report.on_next_cell(runner)
    report.on_next_cell(runner)
    assert runner.later == [(PDF, "the run", str(task.path))]

    gate = StageJob(task, "gate", {"dataset": "seed"})
    write_status(Path(gate.job.environment[STATUS_FILE]), "the run", False, result_stored=True)
    gate.on_next_cell(runner)
    assert len(runner.later) == 1


def test_a_pdf_that_can_not_be_made_on_the_way_does_not_stop_the_notebook_and_is_made_with_its_page(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refuses(Asked):
        def run_in_background(self, function: str, *arguments: str) -> None:
            super().run_in_background(function, *arguments)
            if function == PDF:
                raise RuntimeError("no typeface")

    runner = Refuses()
    run_id = run_stage(task, "gate", {"dataset": "seed"}, runner=InProcess()).run_id
    report = StageJob(task, "report", {})
    status_file = Path(report.job.environment[STATUS_FILE])
    write_status(status_file, run_id, False, result_stored=True)
    report.on_next_cell(runner)
    report.on_next_cell(runner)
    assert runner.later == [(PDF, run_id, str(task.path))]
    monkeypatch.setattr("veritrain_lib.loop.stage_job.load_result", lambda *_: None)
    report.close(Ends("finished")._end(report.job), runner)
    assert runner.later[1:] == [(FUNCTION, run_id, "report", str(report.job.output), str(task.path))]
