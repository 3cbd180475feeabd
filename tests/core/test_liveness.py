"""The living are told from the dead without the wall clock, and across namespaces of process numbers."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from veritrain_lib.core import liveness, project

HERE = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc")

NAME_AND_WAIT = "import time; from veritrain_lib.core import liveness; print(liveness.current_process_name(), flush=True); time.sleep(300)"

ASK = "import sys; from veritrain_lib.core import liveness; print([liveness.is_alive(who) for who in sys.argv[1:]])"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
    return tmp_path


def test_a_process_is_known_by_host_number_and_start_and_no_other_counts_as_it() -> None:
    host, process, start = liveness.current_process_name().split("/")
    assert (host, int(process)) == (socket.gethostname(), os.getpid())
    assert liveness.is_alive(liveness.current_process_name()) is True
    assert liveness.local_pid(liveness.current_process_name()) == os.getpid()
    assert liveness.is_alive(f"{host}/{process}/{start}1") is False, "its number was given to another process"
    assert liveness.is_alive(f"another-host/{process}/1") is None
    for nonsense in ("", "x", "a/b/c", "a/1", "the provider/0/0"):
        assert liveness.is_alive(nonsense) is None
        assert liveness.local_pid(nonsense) is None


def test_a_killed_process_is_dead_also_as_a_zombie() -> None:
    with subprocess.Popen([sys.executable, "-c", NAME_AND_WAIT], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        who = other.stdout.readline().strip()
        assert liveness.is_alive(who) is True
        assert who == liveness.process_name(other.pid)
        other.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        assert liveness.is_alive(who) is False, "nobody has asked for its exit code yet"
    assert liveness.is_alive(who) is False
    mine = liveness.current_process_name().replace("/", "~")
    liveness.clear_leases()
    assert [file.name for file in project.state("living").iterdir()] == [mine]


def test_a_step_of_the_clock_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    who = liveness.current_process_name()
    psutil = pytest.importorskip("psutil")
    was = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: was(self) + 1)
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert liveness.process_name(os.getpid()) == who
    assert liveness.is_alive(who) is True


def test_where_only_the_clock_tells_a_step_of_a_second_kills_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "_boot_and_namespace", lambda: None)
    who = liveness.process_name(os.getpid())
    host, process, start = who.split("/")
    assert liveness.is_alive(f"{host}/{process}/{int(start) + 1}") is True
    assert liveness.is_alive(f"{host}/{process}/{int(start) - 60}") is False


def test_a_name_from_before_the_machine_was_started_anew_is_a_dead_one() -> None:
    host, process, start = liveness.current_process_name().split("/")
    boot, namespace, ticks = start.split(".")
    assert liveness.is_alive(f"{host}/{process}/000000000000.{namespace}.{ticks}") is False
    assert liveness.is_alive(f"another-host/{process}/000000000000.{namespace}.{ticks}") is None
    assert liveness.is_alive(f"{host}/{process}/{boot}.1.{ticks}") is None, (
        "beside this namespace, and no lease is there"
    )


@pytest.mark.skipif(
    not shutil.which("unshare") or subprocess.run([*HERE, "true"], capture_output=True).returncode != 0,
    reason="namespaces can't be made here",
)
def test_a_living_process_of_another_namespace_lives_and_a_killed_one_does_not(home: Path) -> None:
    with subprocess.Popen(
        [*HERE, sys.executable, "-c", NAME_AND_WAIT], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        there = other.stdout.readline().strip()
        here = liveness.current_process_name()
        assert there.split("/")[0] == here.split("/")[0], "the same host name"
        assert liveness.is_alive(there) is True
        assert liveness.local_pid(there) is None, "its number means another process here"
        seen = subprocess.run([*HERE, sys.executable, "-c", ASK, here, there], capture_output=True, text=True)
        assert seen.stdout.strip() == "[True, True]", seen.stderr
        other.send_signal(signal.SIGKILL)
    wait_until_dead(there)
    assert liveness.is_alive(there) is False
    liveness.clear_leases()
    assert liveness.is_alive(there) is False, "its lease is what tells"


def wait_until_dead(who: str) -> None:
    for _ in range(600):
        if liveness.is_alive(who) is False:
            return
        subprocess.run(["sleep", "0.1"], check=True)
