"""Claims in PostgreSQL: one holder at a time, kept by a heartbeat, taken over from whoever is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import text

from veritrain_lib.core import liveness
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.state import claims, database, leases, process_leases

HOLD = """
import sys
from veritrain_lib.tracking.state import claims
claim = claims.claim("work", "gate of task x")
print("claimed", flush=True)
sys.stdin.readline()
"""

COUNT = """
import pathlib, sys, time
from veritrain_lib.tracking.state import claims
file = pathlib.Path(sys.argv[1])
for _ in range(10):
    with claims.claim_update("numbers", "to choose a number"):
        number = int(file.read_text())
        time.sleep(0.002)
        file.write_text(str(number + 1))
"""

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("without_mlflow")]


@pytest.fixture
def without_mlflow(shared: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The tables of leases alone, in a second instead of MLflow's migrations."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    return shared


def _age(work: str, seconds: float, *, holder: str = "elsewhere/1/boot.ns.1") -> None:
    """Make a lease look as a machine leaves it that went down some seconds ago; it is renewed by nobody."""
    sql = (
        "UPDATE veritrain_state_leases SET holder = :holder, token = 'another',"
        " beat_at = clock_timestamp() - make_interval(secs => :seconds) WHERE id = :id"
    )
    with database.transaction() as connection:
        connection.execute(text(sql), {"id": leases.lease_id(work), "seconds": seconds, "holder": holder})


def _claim_in_thread(work: str) -> tuple[threading.Thread, list[str]]:
    said: list[str] = []

    def run() -> None:
        with claims.claim(work, "the same", notify=said.append):
            said.append("had it")

    thread = threading.Thread(target=run)
    thread.start()
    return thread, said


def test_the_second_waits_and_says_for_whom() -> None:
    claim = claims.claim("work", "gate of task x")
    thread, said = _claim_in_thread("work")
    time.sleep(1)
    assert len(said) == 1
    assert f"process {os.getpid()} on " in said[0]
    with claims.claim("work", "inside the same thread") as inner:
        assert inner.is_held()
    claim.release()
    thread.join(10)
    assert said[1:] == ["had it"]


def test_a_dead_process_of_this_machine_is_not_waited_for() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "claimed\n"
        thread, said = _claim_in_thread("work")
        time.sleep(0.5)
        assert said[-1:] != ["had it"]
        process.kill()
    thread.join(10)
    assert said[-1] == "had it"


def test_a_machine_that_went_down_is_waited_for_until_its_lease_ends() -> None:
    claims.claim("fresh", "x").release()
    held = claims.claim("fresh", "x")
    _age("fresh", leases.TTL_S - 3)
    thread, said = _claim_in_thread("fresh")
    time.sleep(1)
    assert said[-1:] != ["had it"]
    thread.join(10)
    assert said[-1] == "had it"
    assert not held.is_held(), "it was taken over"


def test_a_lost_lease_is_noticed_and_its_release_spares_the_new_holder() -> None:
    held = claims.claim("work", "x")
    assert held.is_held()
    _age("work", 0)
    assert not held.is_held()
    held.release()
    assert leases.is_leased("work")


def test_the_heartbeat_renews(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "BEAT_S", 0.1)
    with claims.claim("work", "x"):
        with database.transaction() as connection:
            connection.execute(
                text("UPDATE veritrain_state_leases SET beat_at = beat_at - interval '1 hour'")
            )
        deadline = time.monotonic() + 10
        while not leases.is_leased("work"):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_no_change_is_lost_between_processes(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("count") / "number"
    file.write_text("0")
    several = [subprocess.Popen([sys.executable, "-c", COUNT, str(file)]) for _ in range(3)]
    assert [process.wait() for process in several] == [0, 0, 0]
    assert file.read_text() == "30"


def test_a_process_of_another_machine_is_alive_while_it_renews() -> None:
    elsewhere = "elsewhere/7/boot.ns.5"
    assert runs.is_alive(elsewhere) is False, "it never held a lease"
    process_leases.announce(elsewhere)
    assert runs.is_alive(elsewhere) is True
    _age(f"process {elsewhere}", leases.TTL_S + 1)
    assert runs.is_alive(elsewhere) is False
    assert runs.owner() == liveness.current_process_name()
    assert leases.is_leased(f"process {runs.owner()}")


def test_a_process_whose_lease_was_lost_with_the_database_takes_another() -> None:
    work = f"process {runs.owner()}"
    with database.transaction() as connection:
        connection.execute(text("DELETE FROM veritrain_state_leases"))
    deadline = time.monotonic() + 30
    while not leases.is_leased(work):
        assert time.monotonic() < deadline, (
            "the heartbeat sees that the lease is gone, and the next run takes another"
        )
        time.sleep(0.2)
        runs.owner()
