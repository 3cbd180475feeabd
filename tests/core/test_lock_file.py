"""A held file is held by one process at a time and ends with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from veritrain_lib.core.lock_file import LockFile, is_locked, read_content

HOLD = """
import pathlib, sys, time
from veritrain_lib.core.lock_file import LockFile
held = LockFile.acquire(pathlib.Path(sys.argv[1]), "mine")
print("held" if held else "refused", flush=True)
time.sleep(300)
"""


@contextmanager
def holder(place: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(place)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_another_process_sees_it_held_until_it_is_killed(tmp_path: Path) -> None:
    place = tmp_path / "work"
    with holder(place) as process:
        assert is_locked(place)
        assert LockFile.acquire(place) is None
        assert read_content(place) == "mine"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not is_locked(place)
        assert read_content(place) == "mine", "who died can still be named"
        mine = LockFile.acquire(place)
        assert mine is not None
        mine.release()
    assert not place.exists()


def test_looking_at_it_does_not_let_it_go_and_a_fork_neither_holds_nor_frees_it(tmp_path: Path) -> None:
    place = tmp_path / "work"
    mine = LockFile.acquire(place, "first")
    assert mine is not None
    assert is_locked(place)
    assert LockFile.acquire(place) is None
    assert read_content(place) == ""
    child = os.fork()
    if child == 0:
        os._exit(
            0
            if is_locked(place) and LockFile.acquire(place) is None and (mine.release() or place.exists())
            else 1
        )
    assert os.waitpid(child, 0)[1] == 0
    other = subprocess.run(
        [sys.executable, "-c", HOLD.replace("300", "0"), str(place)], capture_output=True, text=True
    )
    assert other.stdout == "refused\n"
    mine.release()
    mine.release()
    assert not is_locked(place)
