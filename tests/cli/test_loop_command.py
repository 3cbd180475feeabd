"""The loop from the command line: streams and exit codes. That it goes on after an end is in tests/slow/test_kills.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import SEED_ROWS, Run
from tests.small_task import write_task
from veritrain_lib.core.errors import Refused
from veritrain_lib.loop import loop as loop_module
from veritrain_lib.loop.loop import Event, LoopResult


def _ends(monkeypatch: pytest.MonkeyPatch, stopped: Any, again: bool = False, verdict: str = "none") -> None:
    def run_loop(task: Any, *, on_event: Callable[[Event], None], **_: Any) -> LoopResult:
        on_event(Event(1, "probe", "stored", "as before"))
        on_event(Event(1, "gate", "begin"))
        print("a library that prints")
        on_event(Event(1, "gate", "done", "passed [all]"))
        return LoopResult(
            task.name,
            "f00",
            stopped,
            1,
            "models:/small/1",
            "models:/small/2",
            verdict,
            f"stopped: {stopped}",
            again,
        )

    monkeypatch.setattr(loop_module, "run_loop", run_loop)


@pytest.mark.parametrize(
    ("stopped", "code"),
    [
        ("target", 0),
        ("budget", 0),
        ("plateau", 0),
        ("exhausted", 0),
        ("looks", 0),
        ("blocked", 1),
        ("money", 1),
        ("waiting", 4),
    ],
)
def test_the_exit_code_says_how_the_loop_ended(
    run: Run, task: Path, monkeypatch: pytest.MonkeyPatch, stopped: str, code: int
) -> None:
    _ends(monkeypatch, stopped)
    said = run("loop", task, "--json")
    assert said.code == code
    assert (said.document()["stopped"], said.document()["exit_code"]) == (stopped, code)


def test_progress_is_plain_lines_when_nobody_watches(
    run: Run, task: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ends(monkeypatch, "budget")
    said = run("loop", task)
    assert said.err.splitlines()[:2] == [
        "round 1 · probe: found in the record: as before",
        "round 1 · gate ...",
    ]
    assert "round 1 · gate: passed [all] (0.0 s)" in said.err
    assert "a library that prints" in said.err
    assert said.out.splitlines()[0] == "stopped: budget"


def test_rows_that_wait_are_told_with_their_file(
    run: Run, task: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ends(monkeypatch, "waiting")
    assert f"labels: {task.parent / 'labels.csv'}" in run("loop", task).out


def test_a_second_call_says_that_nothing_is_left_to_do(
    run: Run, task: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ends(monkeypatch, "budget", again=True)
    assert run("loop", task).out.startswith("Nothing is left to do.\n")


def test_an_interrupt_ends_with_130_and_one_line(
    run: Run, task: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*positional: Any, **named: Any) -> LoopResult:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop_module, "run_loop", interrupted)
    said = run("loop", task)
    assert (said.code, said.out) == (130, "")
    assert said.err.strip() == f"Interrupted. What was finished is kept; go on with: veritrain loop {task}"


def test_a_refusal_ends_with_1(run: Run, task: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*positional: Any, **named: Any) -> LoopResult:
        raise Refused("a rule said no")

    monkeypatch.setattr(loop_module, "run_loop", refused)
    said = run("loop", task, "--json")
    assert (said.code, said.err) == (1, "veritrain: a rule said no\n")
    assert said.document()["error"]["kind"] == "Refused"


@pytest.mark.slow
def test_a_real_loop_that_is_interrupted_ends_with_130_and_the_command_that_goes_on(tmp_path: Path) -> None:
    task = write_task(tmp_path / "small", seed_rows=SEED_ROWS)
    environment = {**os.environ, "VERITRAIN_HOME": str(tmp_path)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    command = [sys.executable, "-m", "veritrain_lib.cli.main", "loop", str(task)]
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts its background jobs deaf to Ctrl-C, and their children inherit it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "train ..." in line:
                break
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (130, "")
    assert err.strip().endswith(f"go on with: veritrain loop {task}")
