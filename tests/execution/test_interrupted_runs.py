"""A process that is asked to stop, or killed, while it runs a notebook."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
import pytest

from tests.execution.zoo_of_notebooks import ROOT, ZOO, kernels_of, marked, states
from veritrain_lib.execution import was_cut_off

pytestmark = pytest.mark.timeout(400)

SCRIPT = """
import sys
from pathlib import Path
from veritrain_lib.execution import cell_runner, execute_notebook
cell_runner.INTERRUPT_GRACE_S = 200.0  # a busy machine may take its time to clean up
try:
    outcome = execute_notebook(Path(sys.argv[1]), Path(sys.argv[2]), warm=sys.argv[3] == "True")
    print(outcome.status)
except KeyboardInterrupt as stopped:
    print("KeyboardInterrupt", stopped)
"""


def wait_for(condition: Callable[[], bool], seconds: float = 200) -> None:
    """Return once `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def hears_signals() -> None:
    """Background jobs start deaf to Ctrl-C, and `nohup` to SIGHUP; these children do not inherit it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def parent(marks: Path, tmp_path: Path, warm: bool):
    """Start another process that executes a notebook, and wait until its second code cell runs."""
    processes = []

    def start(name: str) -> tuple[subprocess.Popen[str], Path, list[psutil.Process]]:
        out = tmp_path / f"{name}.ipynb"
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(ZOO / f"{name}.ipynb"), str(out), str(warm)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            preexec_fn=hears_signals,
        )
        processes.append(process)
        wait_for((marks / "started").exists)
        return process, out, kernels_of(psutil.Process(process.pid))

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_the_cell_saves_and_raises(parent, marks: Path, number) -> None:
    process, out, kernels = parent("sleeps")

    process.send_signal(number)
    said, _ = process.communicate(timeout=120)

    assert said == f"KeyboardInterrupt {number.name}\n"
    assert marked(marks) == {"before", "started", "cleaned_up"}
    assert states(out) == ["completed", "completed", "failed", "pending"]
    assert nbformat.read(out, 4).metadata.veritrain == {
        "status": "interrupted",
        "error": f"Interrupted: stopped by {number.name}",
        "failed_cell": 2,
    }
    assert not was_cut_off(out)
    assert len(kernels) == 1
    assert not any(kernel.is_running() for kernel in kernels)


def test_a_second_ctrl_c_does_not_wait(parent, marks: Path) -> None:
    process, out, _ = parent("holds_lock")

    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=120)

    assert said == "KeyboardInterrupt SIGINT\n"
    assert time.monotonic() - asked < 100
    assert nbformat.read(out, 4).metadata.veritrain.status == "interrupted"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sleeps", "holds_lock"])
def test_a_killed_parent_leaves_no_kernel_and_is_recognised(parent, marks: Path, name) -> None:
    process, out, kernels = parent(name)
    assert not was_cut_off(out)  # it is being executed by a living process

    process.kill()
    process.wait()

    assert len(kernels) == 1
    wait_for(lambda: not any(kernel.is_running() for kernel in kernels), seconds=60)
    assert was_cut_off(out)
    assert states(out) == ["completed", "completed", "running", "pending"]
    assert nbformat.read(out, 4).metadata.veritrain.status == "running"


def test_progress_that_raises_stops_the_run_and_is_not_swallowed(run, marks: Path, tmp_path) -> None:
    def refuse(progress) -> None:
        if progress.cell == 2:
            raise RuntimeError("the store is full")

    with pytest.raises(RuntimeError, match="the store is full"):
        run("sleeps", on_progress=refuse)

    assert "after" not in marked(marks)
    assert nbformat.read(tmp_path / "out" / "sleeps.ipynb", 4).metadata.veritrain.status == "interrupted"


def test_was_cut_off_reads_papermills_own_notebooks(tmp_path: Path) -> None:
    notebook = json.loads((ZOO / "good.ipynb").read_text())
    path = tmp_path / "executed.ipynb"
    path.write_text(json.dumps(notebook))
    with pytest.raises(ValueError, match="never executed"):
        was_cut_off(path)
    notebook["metadata"]["papermill"] = {"start_time": "2026-01-01T00:00:00+00:00", "end_time": None}
    path.write_text(json.dumps(notebook))
    assert was_cut_off(path)
    notebook["metadata"]["papermill"]["end_time"] = "2026-01-01T00:00:09+00:00"
    path.write_text(json.dumps(notebook))
    assert not was_cut_off(path)
    with pytest.raises(FileNotFoundError, match=r"nosuch\.ipynb"):
        was_cut_off(tmp_path / "nosuch.ipynb")


def test_a_failing_disk_is_an_error_and_the_kernel_ends(run, tmp_path: Path, monkeypatch) -> None:
    from veritrain_lib.execution.cell_states import CellStates

    def full(self, cell, **kwargs) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(CellStates, "cell_complete", full)

    with pytest.raises(OSError, match="No space left"):
        run("good")


def test_it_runs_inside_a_running_event_loop(run) -> None:
    import asyncio

    async def from_a_notebook() -> str:
        return run("good").status

    assert asyncio.run(from_a_notebook()) == "finished"
