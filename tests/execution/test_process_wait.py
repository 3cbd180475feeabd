"""A forked kernel says that it ends before its memory is given back; who needs it gone can wait."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.execution.zoo_of_notebooks import ROOT, ZOO, kernels_of
from veritrain_lib.execution import process_wait
from veritrain_lib.execution.jobs import Job, LocalRunner

pytestmark = pytest.mark.timeout(400)

LIVE = """
import os, socket, sys
from veritrain_lib.fast.warm import post_fork

line = socket.socket(fileno=int(sys.argv[1]))

def life():
    # As a cell that forks and lets the child go on: both come to the end of this function.
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return line

post_fork._run(post_fork.ParentInfo(os.getppid(), (), {}), life)
"""


@pytest.mark.slow
def test_a_runner_that_has_finished_leaves_no_kernel(marks: Path, tmp_path: Path) -> None:
    runner = LocalRunner(warm=True)
    for number in range(3):
        job = Job("probe", ZOO / "tells_environment.ipynb", tmp_path / f"{number}.ipynb")
        assert [outcome.ok for outcome in runner.run([job])] == [True]

    runner.finish()

    assert kernels_of(psutil.Process()) == []
    assert process_wait._exiting == []


def test_waiting_lasts_until_nothing_is_left_or_the_time_is_up() -> None:
    ours, theirs = socket.socketpair()
    process_wait.add_exiting_process(os.dup(ours.fileno()))
    threading.Timer(0.3, theirs.close).start()
    began = time.monotonic()

    process_wait.wait_for_exits(100)

    assert 0.25 < time.monotonic() - began < 90
    ours.close()

    ours, theirs = socket.socketpair()
    process_wait.add_exiting_process(os.dup(ours.fileno()))
    process_wait.wait_for_exits(0.1)
    assert process_wait._exiting == []
    ours.close()
    theirs.close()


def test_a_child_that_a_notebook_forked_tells_nobody_of_its_end() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        done = subprocess.run(
            [sys.executable, "-c", LIVE, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=300,
            check=False,
        )
        theirs.close()
        told = [json.loads(line) for line in ours.makefile("r", encoding="utf-8")]

    assert done.returncode == 0
    assert [one["exit_code"] for one in told] == [0]
    assert told[0]["peak_kb"] > 1000
