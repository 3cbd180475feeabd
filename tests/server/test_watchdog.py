"""What a killed process was keeping is stopped in its place, and left alone once it was dismissed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from veritrain_lib.server import supervise, watchdog

FAMILY = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"])
child.wait()
"""


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; in a container nobody may bury the dead."""
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def wait_until_gone(processes: list[psutil.Process]) -> None:
    """Raises when one of them is left after half a minute."""
    for one in processes:
        while living([one]):
            one.wait(timeout=300)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_of_the_family_is_left_however_its_keeper_ends(number: signal.Signals) -> None:
    line = [sys.executable, "-m", supervise.__name__, sys.executable, "-c", FAMILY]
    process = subprocess.Popen(line, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) == 3, "the command, its child and the guard"
    os.kill(process.pid, number)
    process.wait(timeout=300)
    wait_until_gone(family)
    assert process.stdout.read() == b""


def test_a_dismissed_guard_stops_nothing() -> None:
    kept = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    before = set(psutil.Process().children())
    dismiss = watchdog.start(kept.pid)
    (posted,) = set(psutil.Process().children()) - before
    dismiss()
    assert not living([posted])
    assert kept.poll() is None
    kept.kill()
    kept.wait()


def test_a_guard_that_was_killed_does_not_keep_its_owner() -> None:
    kept = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    before = set(psutil.Process().children())
    dismiss = watchdog.start(kept.pid)
    (posted,) = set(psutil.Process().children()) - before
    posted.kill()
    dismiss()
    assert kept.poll() is None
    kept.kill()
    kept.wait()
