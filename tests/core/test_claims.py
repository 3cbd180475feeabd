"""Who comes second waits and says for whom, and goes on when the first has let go or has died."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from veritrain_lib.core import claims, liveness, project
from veritrain_lib.core.errors import Infrastructure

HOLD = """
import sys
from veritrain_lib.core import claims
claim = claims.claim("work", "gate of task x")
print("claimed", flush=True)
sys.stdin.readline()
claim.release()
print("released", flush=True)
sys.stdin.readline()
"""

COUNT = """
import pathlib, sys, time
from veritrain_lib.core import claims
file = pathlib.Path(sys.argv[1])
for _ in range(20):
    with claims.claim_update("numbers", "to choose a number"):
        number = int(file.read_text())
        time.sleep(0.002)
        file.write_text(str(number + 1))
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
    return tmp_path


@contextmanager
def first() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "claimed\n"
            yield process
        finally:
            process.kill()


def second(then: str, process: subprocess.Popen[str]) -> list[str]:
    """Claim the same in this thread; as soon as it is told to wait, the first lets go or is killed."""
    told: list[str] = []

    def hear(said: str) -> None:
        told.append(said)
        if then == "kill":
            process.kill()
        else:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()

    with claims.claim("work", "gate of task x", notify=hear):
        assert claims.holder("work") is None, "it is ours now"
    return told


@pytest.mark.parametrize("then", ["kill", "release"])
def test_the_second_waits_says_for_whom_and_goes_on(then: str) -> None:
    with first() as process:
        held = claims.holder("work")
        assert held is not None
        assert held.who == liveness.process_name(process.pid)
        assert held.what == "gate of task x"
        told = second(then, process)
    assert len(told) == 1
    for part in ("gate of task x", f"process {process.pid} on ", f"since {time.strftime('%Y-')}"):
        assert part in told[0]
    assert list(project.state("claims").iterdir()) == []


def test_other_work_is_not_waited_for_and_the_same_thread_does_not_wait_for_itself() -> None:
    with first():
        with (
            claims.claim("other work", "gate of task y"),
            claims.claim("other work", "gate of task y") as inner,
        ):
            inner.release()
            assert any(project.state("claims").iterdir())
            other: list[str] = []
            waiting = threading.Thread(target=lambda: _claim_and_note("other work", other))
            waiting.start()
            time.sleep(0.3)
            assert other == ["waits"], "another thread does, though the inner claim was released"
        waiting.join()
        assert other == ["waits", "had it"]


def _claim_and_note(work: str, notes: list[str]) -> None:
    with claims.claim(work, "the same", notify=lambda said: notes.append("waits")):
        notes.append("had it")


def test_no_change_is_lost_between_processes(home: Path) -> None:
    file = home / "number"
    file.write_text("0")
    several = [subprocess.Popen([sys.executable, "-c", COUNT, str(file)]) for _ in range(4)]
    assert [one.wait() for one in several] == [0, 0, 0, 0]
    assert file.read_text() == "80"
    assert list(project.state("claims").iterdir()) == []


def test_what_killed_processes_left_is_cleared_and_nothing_else() -> None:
    with first() as process:
        claims.clear()
        assert claims.holder("work") is not None
        process.kill()
        process.wait()
        claims.clear()
        assert claims.holder("work") is None


def test_a_folder_that_can_not_be_locked_is_said(home: Path) -> None:
    (home / ".veritrain").write_text("a file where the folder should be")
    with pytest.raises(Infrastructure, match="VERITRAIN_HOME"):
        claims.claim("work", "gate of task x")
