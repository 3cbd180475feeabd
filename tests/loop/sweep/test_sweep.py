"""A sweep: each cell once however often it is killed, one comparison, and no look at the held-out test set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.stages.in_process import InProcess
from tests.stages.tiny_task import OWN_TRAINER, write_suite, write_tiny
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import load_task
from veritrain_lib.execution import Job, NotebookOutcome
from veritrain_lib.loop.loop import run_loop
from veritrain_lib.loop.stage_job import run_stage
from veritrain_lib.loop.sweep import run_sweep
from veritrain_lib.loop.sweep.cells import read_sweep
from veritrain_lib.loop.sweep.run import SweepEvent
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.report.record import ReportSpec
from veritrain_lib.tracking import looks, models, runs


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the tiny task, whose sweeps are written beside it; the held-out answers may not be read."""

    def locked(task: Any) -> Any:
        raise AssertionError("a sweep read the answers of the held-out test set")

    monkeypatch.setattr(sources, "unlock_test_set", locked)
    write_tiny(home / "task")
    return home


def sweep_file(project: Path, **parts: Any) -> Path:
    file = project / "task" / "many.yaml"
    content = {
        "version": 1,
        "task": "task.yaml",
        "grid": {"choose": ["uncertainty", "random"], "seed": [0, 1]},
    }
    file.write_text(yaml.safe_dump({**content, **parts}), encoding="utf-8")
    return file


class DiesAt(InProcess):
    """A runner that is killed before its job of a number, as by Ctrl-C."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def run(self, jobs: Sequence[Job], **callbacks: Any) -> list[NotebookOutcome]:
        if len(self.jobs) >= self.at:
            raise KeyboardInterrupt
        return super().run(jobs, **callbacks)


def cells_of(project: Path, run_id: str) -> list[runs.Run]:
    task = load_task(project / "task" / "task.yaml")
    return [run for run in runs.children(task, run_id) if run.data.tags["veritrain.kind"] == "cell"]


@pytest.mark.slow
def test_killed_twice_it_ends_with_every_cell_once_and_again_there_is_nothing_to_do(project: Path) -> None:
    (project / "task" / "own.py").write_text(OWN_TRAINER, encoding="utf-8")
    trainers = ["tfidf_svc", {"file": "own.py"}]
    grid = {"trainer": trainers, "choose": ["uncertainty", "random"], "seed": [0, 1, 2, 3]}
    file = sweep_file(project, grid=grid)
    done: list[str] = []
    for at in (9, 17):
        runner = DiesAt(at)
        with pytest.raises(KeyboardInterrupt):
            run_sweep(file, runner=runner)
        done += runner.jobs
    runner = InProcess()
    result = run_sweep(file, runner=runner)
    done += runner.jobs
    cells = cells_of(project, result.run_id)
    assert len(cells) == 16
    assert len({run.data.tags["veritrain.sweep.cell"] for run in cells}) == 16
    assert {run.info.status for run in cells} == {"FINISHED"} == {runs.get(result.run_id).info.status}
    # One gate and one training on the seed rows for each trainer and seed, since both choices begin with that model.
    assert sorted(done) == sorted(["gate", "train"] * 8 + ["generate", "gate", "train"] * 16)
    again = InProcess()
    repeated = run_sweep(file, runner=again)
    assert (repeated.again, again.jobs, repeated.run_id) == (True, [], result.run_id)
    assert repeated.arms.equals(result.arms)
    assert repeated.headline == result.headline


@pytest.mark.slow  # a sweep of several loops
def test_the_comparison_is_that_of_the_stored_models_and_the_test_set_stays_locked(project: Path) -> None:
    events: list[SweepEvent] = []
    result = run_sweep(sweep_file(project), runner=InProcess(), on_event=events.append)
    task = load_task(project / "task" / "task.yaml")
    assert looks.looks_spent(looks.list_looks(sources.held_out_set(task))) == 0
    assert not runs.search(task, "tags.`veritrain.stage` = 'evaluate'")
    for arm in ("choose uncertainty", "choose random"):
        of_arm = result.cells[result.cells["arm"] == arm]
        answered = [
            runs.get(uri).data.metrics["accuracy"]
            for uri in (models.describe(task, model).run_id for model in of_arm["model"])
        ]
        row = result.arms.set_index("arm").loc[arm]
        assert row["mean"] == pytest.approx(np.mean(answered))
        assert row["low"] <= row["mean"] <= row["high"]
        assert row["seeds"] == 2
    assert result.best == result.arms["arm"].iloc[0]
    assert result.arms["mean"].is_monotonic_decreasing
    assert len(result.pairs) == 1
    assert "Holm" in result.headline
    assert ("Within noise" in result.headline) == (not result.pairs["differs"].iloc[0])
    assert [event.kind for event in events if event.kind in ("begin", "done")] == ["begin", "done"] * 4
    names = {Path(name).name for name in runs.artifact_names(result.run_id, "sweep")}
    assert names == {"arms.csv", "arms.png", "cells.csv", "pairs.csv"}


@pytest.mark.slow
def test_the_printed_command_takes_the_one_look_that_promotes(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run_sweep(sweep_file(project), runner=InProcess())
    monkeypatch.undo()
    monkeypatch.setenv("VERITRAIN_HOME", str(project))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    words = result.command.split()
    assert words[:3] == ["veritrain", "evaluate", "tiny"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    task = load_task(project / "task" / "task.yaml")
    parameters = {"champion": options["--champion"], "challenger": options["--challenger"]}
    evaluated: Any = run_stage(task, "evaluate", parameters, runner=InProcess()).result
    assert evaluated.challenger == result.model
    assert looks.looks_spent(looks.list_looks(sources.held_out_set(task))) == (evaluated.held_out is not None)
    assert evaluated.promote
    champion = models.by_alias(task, models.CHAMPION)
    assert champion is not None
    assert champion.uri == result.model


@pytest.mark.slow  # a sweep of several loops
def test_trainers_and_their_parameters_are_cells_and_rounds_0_chooses_nothing(project: Path) -> None:
    (project / "task" / "own.py").write_text(OWN_TRAINER, encoding="utf-8")
    cells = [{"trainer": "tfidf_svc"}, {"trainer": {"file": "own.py"}, "trainer.parameters.C": 0.001}]
    file = sweep_file(project, rounds=0, cells=cells, grid={"seed": [0, 1]})
    runner = InProcess()
    result = run_sweep(file, runner=runner)
    assert runner.jobs == ["gate", "train"] * 4
    assert set(result.cells["state"]) == {"done"}
    # The first model of an empty record is its champion.
    assert result.command == f"veritrain evaluate tiny --champion models:/tiny/1 --challenger {result.model}"
    own = next(cell for cell in read_sweep(file).cells if cell.number == 4)
    assert (own.task.trainer.parameters, own.seed) == ({"C": 0.001}, 1)


@pytest.mark.slow
def test_a_cell_uses_what_a_loop_with_the_same_settings_has_done(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("VERITRAIN_HOME", str(project))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(ReportSpec, "_store", lambda self, run_id, result: None)
    task = load_task(project / "task" / "task.yaml")
    run_loop(task, runner=InProcess())
    runner = InProcess()
    run_sweep(sweep_file(project, grid={"seed": [task.seed]}), runner=runner)
    assert runner.jobs == []


def test_a_cell_that_the_gate_blocks_is_named_and_left_out(project: Path) -> None:
    write_tiny(project / "task", sizes={"pool": 3})
    # The pool has 9 rows; the task asks for 15, so nothing is wrong with it before the gate counts them.
    write_suite(project / "task" / "strict.json", 0.5, minimum_rows=15)
    result = run_sweep(sweep_file(project, grid={"suite": ["suite.json", "strict.json"]}), runner=InProcess())
    assert list(result.cells["state"]) == ["done", "blocked"]
    assert list(result.arms["arm"]) == ["suite suite.json"]
    assert "1 of 2 cells done" in result.headline
    assert result.exit_code == 0


@pytest.mark.slow  # a sweep of several loops
def test_a_stage_that_fails_fails_its_cell_alone_and_the_same_command_tries_it_again(project: Path) -> None:
    class Breaks(InProcess):
        def do(self, job: Job) -> NotebookOutcome:
            if len(self.jobs) == 1:
                self.jobs.append(job.name)
                return NotebookOutcome("died", job.output, 0.0, "the kernel died", 2, 1, 3)
            return super().do(job)

    file = sweep_file(project, grid={"seed": [0, 1]})
    broken = run_sweep(file, runner=Breaks())
    assert (list(broken.cells["state"]), broken.exit_code) == (["failed", "done"], 3)
    assert runs.get(broken.run_id).info.status == "FAILED"
    mended = run_sweep(file, runner=InProcess())
    assert (list(mended.cells["state"]), mended.exit_code, mended.run_id) == (
        ["done", "done"],
        0,
        broken.run_id,
    )
    assert len(cells_of(project, mended.run_id)) == 2


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"trainer": ["tfidf_svc", "tfidf_svm"]}, "cell 2 (trainer tfidf_svm) makes no valid task: trainer.name: no trainer"),
        ({"choose": ["best"]}, "teacher.choose"),
        ({"suite": ["nowhere.json"]}, "cell 1 (suite nowhere.json)"),
        ({"trainer.parameters.depth": [3]}, "depth"),
        ({"model": ["models:/tiny/7"]}, "models:/tiny/7"),
        ({"trainer": [{"file": "../../outside.py"}]}, "cell 1"),
    ],
)  # fmt: skip
def test_what_can_not_work_is_refused_before_any_work(
    project: Path, grid: dict[str, Any], message: str
) -> None:
    runner = InProcess()
    with pytest.raises(UserError) as error:
        run_sweep(sweep_file(project, grid=grid), runner=runner)
    assert message in str(error.value)
    assert runner.jobs == []
    assert not runs.search(load_task(project / "task" / "task.yaml"))
