"""One job at a time: whatever becomes of its process, the record says what became of the job, and the next one is run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.server.postgres import new_database
from veritrain_lib.execution.workers import host, slot
from veritrain_lib.tracking.state import database, files, jobs
from veritrain_lib.tracking.state.jobs import JobState, QueuedJob

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def project_bundle(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A record with the table of jobs alone, and the bundle that is the home of the host processes."""
    with new_database() as address:
        monkeypatch.setenv("DATABASE_URL", address)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        monkeypatch.setattr(host, "PROGRAM", "tests.execution.workers.sleeping_host")
        monkeypatch.setattr(host, "KILL_AFTER_S", 1.0)
        monkeypatch.setattr(slot, "KILL_AFTER_S", 1.0)
        monkeypatch.setattr(slot, "BEAT_S", 0.2)
        monkeypatch.setattr(slot, "_thread", threading.local())
        monkeypatch.setattr(slot, "_stop_at", [])
        (home / "notebook").write_text("{}")
        yield files.store_bundle({"notebooks/03_gate.ipynb": home / "notebook"})
        process: host.Host | None = getattr(slot._thread, "host", None)
        if process is not None:
            process.kill()
        database.engine().dispose()


def _submit(project_bundle: str, do: str) -> str:
    job_id = do.ljust(64, "0")
    jobs.submit(QueuedJob(job_id, do, {"project": project_bundle, "do": do}, "cpu"))
    return job_id


def _run(project_bundle: str, do: str) -> JobState:
    job_id = _submit(project_bundle, do)
    slot.run(job_id)
    return jobs.states([job_id])[job_id]


def _run_and_meanwhile(project_bundle: str, do: str, act: Callable[[str], None]) -> JobState:
    job_id = _submit(project_bundle, do)

    def later() -> None:
        while jobs.states([job_id])[job_id].status != "running":
            time.sleep(0.1)
        time.sleep(0.5)
        act(job_id)

    thread = threading.Thread(target=later)
    thread.start()
    slot.run(job_id)
    thread.join()
    return jobs.states([job_id])[job_id]


def test_jobs_run_one_after_another_in_one_process(project_bundle: str) -> None:
    assert _run(project_bundle, "work").status == "done"
    first = slot._thread.host
    failed = _run(project_bundle, "fail")
    assert (failed.status, failed.error, failed.reason) == ("failed", "Refused", "it is blocked")
    assert slot._thread.host is first


def test_a_process_that_is_killed_three_times_fails_its_job_and_the_next_one_runs(
    project_bundle: str,
) -> None:
    state = _run(project_bundle, "die")
    assert (state.status, state.attempts, state.reason) == ("queued", 1, "its process ended with code -9")
    slot.run(state.id)
    slot.run(state.id)
    slot.run(state.id)
    state = jobs.states([state.id])[state.id]
    assert (state.status, state.attempts) == ("failed", 3)
    assert _run(project_bundle, "work").status == "done"


def test_a_job_that_takes_too_much_memory_is_stopped_with_all_that_it_started(
    project_bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERITRAIN_JOB_MEMORY_MB", "250")
    state = _run(project_bundle, "eat")
    assert (state.status, state.attempts) == ("queued", 1)
    assert state.reason == "it took more than 250 MB of memory (VERITRAIN_JOB_MEMORY_MB)"
    assert _run(project_bundle, "work").status == "done"


def test_a_job_that_takes_too_long_is_stopped(project_bundle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERITRAIN_JOB_MINUTES", "0.02")
    state = _run(project_bundle, "sleep")
    assert state.reason == "it took more than 0.02 minutes (VERITRAIN_JOB_MINUTES)"
    assert state.progress == {"cell": 2}


@pytest.mark.parametrize("do", ["sleep", "hang"])
def test_cancelling_interrupts_a_job_and_kills_one_that_does_not_listen(project_bundle: str, do: str) -> None:
    state = _run_and_meanwhile(project_bundle, do, lambda job_id: jobs.cancel([job_id]))
    assert (state.status, state.attempts) == ("cancelled", 1)
    assert _run(project_bundle, "work").status == "done"


def test_a_worker_that_is_asked_to_stop_gives_its_job_back_uncounted(
    project_bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERITRAIN_WORKER_GRACE_S", "0.5")
    state = _run_and_meanwhile(project_bundle, "sleep", lambda _: slot.stop_after_grace())
    assert (state.status, state.attempts, state.reason) == ("queued", 0, "its worker was stopped")


def test_a_job_that_another_worker_got_meanwhile_is_let_go(project_bundle: str) -> None:
    def take_over(job_id: str) -> None:
        with database.transaction() as connection:
            connection.execute(
                text("UPDATE veritrain_state_jobs SET token = 'another' WHERE id = :id"), {"id": job_id}
            )

    state = _run_and_meanwhile(project_bundle, "sleep", take_over)
    assert state.status == "running", "it is the other worker's to end it"
    assert not slot._thread.host.is_running()


def test_the_database_may_be_away_while_a_job_runs(
    project_bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = database.address()

    def away(_: str) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://postgres@127.0.0.1:1/none")
        time.sleep(1.5)
        monkeypatch.setenv("DATABASE_URL", address)
        jobs.cancel([_])

    assert _run_and_meanwhile(project_bundle, "sleep", away).status == "cancelled"
