"""Every way a notebook can end, against the marks its cells left."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import psutil
import pytest

from tests.execution.warm_owners import wait_for
from tests.execution.zoo_of_notebooks import ZOO, marked, states
from veritrain_lib.execution import was_cut_off

pytestmark = pytest.mark.timeout(400)

FAILS = [
    ("raises", "failed", "ZeroDivisionError: division by zero"),
    ("sys_exit", "failed", "SystemExit: 0 (the cell called sys.exit: the notebook did not run to its end)"),
    ("exit_call", "failed", "SystemExit: the cell called exit() or quit(), which ends the kernel"),
    ("unknown_magic", "failed", "UsageError: Line magic function `%nosuchmagic` not found."),
    ("run_missing", "failed", "Exception: File `'nosuch.py'` not found."),
    ("load_ext_missing", "failed", "ModuleNotFoundError: No module named 'nosuch'"),
    ("bash_fails", "failed", "CalledProcessError: Command 'b'false\\n'' returned non-zero exit status 1."),
    ("capture_hides", "failed", "ZeroDivisionError: division by zero"),
    ("broken_repr", "failed", "ZeroDivisionError: division by zero"),
    (
        "asks_input",
        "failed",
        "StdinNotImplementedError: raw_input was called, but this frontend does not support input requests.",
    ),
    ("os_exit", "died", "KernelDied: the kernel process exited with code 0 during cell 2"),
    (
        "sigkill",
        "died",
        "KernelDied: the kernel process was killed by SIGKILL (often: the machine ran out of memory) "
        "during cell 2",
    ),
    ("segfault", "died", "KernelDied: the kernel process was killed by SIGSEGV during cell 2"),
]


@pytest.mark.parametrize(("name", "status", "error"), FAILS, ids=[case[0] for case in FAILS])
def test_a_run_that_goes_wrong_stops_there_and_says_so(run, marks: Path, name, status, error) -> None:
    outcome = run(name)

    assert (outcome.status, outcome.error, outcome.ok) == (status, error, False)
    assert (outcome.failed_cell, outcome.cells_run, outcome.cells_total) == (2, 1, 3)
    assert marked(marks) == {"before"}
    assert states(outcome.executed) == ["completed", "completed", "failed", "pending"]
    notebook = nbformat.read(outcome.executed, 4)
    shown = [output for output in notebook.cells[2].outputs if output.output_type == "error"]
    assert error.startswith(shown[-1].ename)  # the cell itself shows the reason
    metadata = notebook.metadata
    assert metadata.papermill.exception is True
    assert metadata.veritrain == {"status": status, "error": error, "failed_cell": 2}
    assert not was_cut_off(outcome.executed)


def test_a_good_notebook_finishes(run, marks: Path) -> None:
    outcome = run("good")

    assert outcome.ok
    assert (outcome.status, outcome.error, outcome.failed_cell) == ("finished", None, None)
    assert (outcome.cells_run, outcome.cells_total) == (3, 3)
    assert marked(marks) == {"first", "last"}
    notebook = nbformat.read(outcome.executed, 4)
    nbformat.validate(notebook)
    assert set(states(outcome.executed)) == {"completed"}
    assert notebook.metadata.papermill.exception is None
    assert notebook.cells[3].outputs[0].data["text/plain"] == "42"
    assert 0 < outcome.seconds < 30


def test_exit_in_the_last_cell_is_not_a_good_end(run) -> None:
    outcome = run("exit_last")

    assert (outcome.status, outcome.failed_cell) == ("failed", 2)


def test_a_script_that_raises_stops_the_run_though_ipython_replies_ok(run, marks: Path, tmp_path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")

    outcome = run("run_broken", cwd=tmp_path)

    assert (outcome.status, outcome.error) == ("failed", "ZeroDivisionError: division by zero")
    assert marked(marks) == {"before"}


def test_a_time_out_interrupts_the_cell_so_that_it_can_clean_up(run, marks: Path) -> None:
    outcome = run("sleeps", cell_timeout_s=1.0)

    assert outcome.status == "timed_out"
    assert outcome.error == "CellTimedOut: cell 2 ran longer than 1 s and was stopped"
    assert marked(marks) == {"before", "started", "cleaned_up"}
    assert states(outcome.executed) == ["completed", "completed", "failed", "pending"]
    assert outcome.seconds < 10


@pytest.mark.parametrize("name", ["deaf", "holds_lock"])
def test_a_cell_that_no_interrupt_reaches_is_killed_and_shows_where_it_hung(
    run, marks: Path, name, monkeypatch
) -> None:
    monkeypatch.setattr("veritrain_lib.execution.cell_runner.INTERRUPT_GRACE_S", 0.5)

    outcome = run(name, cell_timeout_s=0.5)

    assert outcome.status == "timed_out"
    assert "after" not in marked(marks)
    trace = nbformat.read(outcome.executed, 4).cells[2].outputs[-1].traceback
    assert any(line.endswith("in <module>") for line in trace)
    assert not any("interactiveshell" in line for line in trace)


def test_a_segmentation_fault_leaves_its_trace(run) -> None:
    cell = nbformat.read(run("segfault").executed, 4).cells[2]

    assert any("Segmentation fault" in line for line in cell.outputs[-1].traceback)


def test_a_kernel_that_dies_in_the_background_is_noticed(run) -> None:
    outcome = run("dies_in_background")

    assert (outcome.status, outcome.failed_cell) == ("died", 2)
    assert outcome.error == "KernelDied: the kernel process exited with code 7 during cell 2"


def test_a_dead_kernel_takes_its_children_along(run, marks: Path) -> None:
    outcome = run("leaves_child")

    assert outcome.status == "died"
    child = int((marks / "child").read_text())
    # It was killed; a busy machine may take a moment to do it.
    wait_for(
        lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE,
        seconds=10,
    )


def test_work_left_for_the_end_of_the_process_is_done(run, marks: Path) -> None:
    assert run("atexit").ok
    assert marked(marks) == {"at_exit"}


@pytest.mark.parametrize("name", ["raises_expected", "shell_nonzero"])
def test_what_jupyter_does_not_count_as_an_error_is_none(run, marks: Path, name) -> None:
    outcome = run(name)

    assert outcome.ok
    assert marked(marks) == {"before", "after"}


def test_a_cell_its_author_left_out_is_skipped_not_completed(run, marks: Path) -> None:
    outcome = run("skipped")

    assert (outcome.status, outcome.cells_run, outcome.cells_total) == ("finished", 2, 2)
    assert states(outcome.executed) == ["completed", "completed", "skipped", "completed"]


@pytest.mark.parametrize(("name", "cells"), [("empty", 0), ("markdown_only", 0), ("empty_cells", 2)])
def test_notebooks_with_little_to_run_finish(run, name, cells) -> None:
    outcome = run(name)

    assert (outcome.status, outcome.cells_run, outcome.cells_total) == ("finished", cells, cells)


def test_printed_text_is_whole_and_in_one_piece(run) -> None:
    cell = nbformat.read(run("prints_a_lot").executed, 4).cells[1]

    assert len(cell.outputs) == 1
    assert cell.outputs[0].text.splitlines() == [str(i) for i in range(20_000)]


@pytest.mark.slow
def test_a_cell_that_prints_for_ever_does_not_fill_the_memory(run, monkeypatch) -> None:
    monkeypatch.setattr("veritrain_lib.execution.outputs.MAX_PRINTED_CHARACTERS", 100_000)

    outcome = run("prints_for_ever", cell_timeout_s=1.0)

    assert outcome.status == "timed_out"
    text = nbformat.read(outcome.executed, 4).cells[1].outputs[0].text
    assert "more than 100,000 characters; the rest was left out" in text
    assert 100_000 < len(text) < 101_000


def test_a_progress_bar_leaves_its_last_state(run) -> None:
    cell = nbformat.read(run("progress_bar").executed, 4).cells[1]

    assert [output.text for output in cell.outputs] == ["100 %"]


def test_standard_error_is_no_failure_and_stays_in_the_notebook(run, capfd, monkeypatch) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # ipykernel does not listen to file descriptors under pytest
    outcome = run("stderr")

    assert outcome.ok
    cells = nbformat.read(outcome.executed, 4).cells
    assert sorted("".join(output.text for output in cells[1].outputs).splitlines()) == [
        "raw warning",
        "warned",
    ]
    assert [output.text for output in cells[2].outputs] == ["from a child\n"]
    assert capfd.readouterr() == ("", "")  # a run is silent


def test_japanese_survives(run) -> None:
    outcome = run("unicode")

    assert outcome.error == "ValueError: 失敗しました"
    assert "こんにちは、世界" in outcome.executed.read_text(encoding="utf-8")


def test_the_error_line_is_one_line_without_secrets(run, monkeypatch) -> None:
    monkeypatch.setenv("SERVICE_API_KEY", "the one of this process")

    outcome = run("leaks_secret", environment={"SERVICE_API_KEY": "sk-123456789"})

    assert outcome.error == "RuntimeError: denied for [hidden: SERVICE_API_KEY] ask the owner"
    metadata = nbformat.read(outcome.executed, 4).metadata
    assert "sk-123456789" not in str(metadata)


def test_environment_and_folder_reach_the_kernel_only(run, marks: Path, tmp_path) -> None:
    run("tells_environment", cwd=tmp_path, environment={"GREETING": "hello"})

    greeting, folder, python = (marks / "facts").read_text().splitlines()
    assert (greeting, Path(folder)) == ("hello", tmp_path.resolve())
    assert "GREETING" not in os.environ
    assert os.path.realpath(python) == os.path.realpath(os.sys.executable)


def test_every_notebook_of_the_zoo_is_tried() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))

    assert [path.stem for path in ZOO.glob("*.ipynb") if path.stem not in tests] == []
