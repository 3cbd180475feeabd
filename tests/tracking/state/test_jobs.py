"""Jobs in PostgreSQL: taken once, kept by a heartbeat, queued again when a worker goes down, three times in all."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.tracking.state import database, files, jobs
from veritrain_lib.tracking.state.jobs import QueuedJob

JOB = QueuedJob("d" * 64, "train of task x", {"stage": "train"}, "cpu")

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _without_mlflow(shared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")


def _state() -> tuple[str, int]:
    state = jobs.states([JOB.id])[JOB.id]
    return state.status, state.attempts


def _go_down() -> None:
    with database.transaction() as connection:
        connection.execute(
            text("UPDATE veritrain_state_jobs SET beat_at = clock_timestamp() - interval '1 hour'")
        )


def test_the_same_work_is_one_job_and_one_worker_takes_it() -> None:
    assert jobs.submit(JOB)
    assert not jobs.submit(JOB)
    (sent,) = jobs.reap()
    assert (sent.job, sent.queue, sent.payload) == (JOB.id, "cpu", JOB.payload)
    assert sent.id == jobs.states([JOB.id])[JOB.id].message
    assert jobs.reap() == [], "its message was sent just now"
    jobs.mark_unsent([JOB.id])
    assert jobs.reap() == [sent], "sending failed"
    taken = jobs.take(JOB.id, "worker a")
    assert taken is not None
    assert (taken.payload, taken.attempt) == ({"stage": "train"}, 1)
    assert jobs.take(JOB.id, "worker b") is None
    assert not jobs.submit(JOB)
    assert jobs.beat(taken, {"cell": 3}) == "kept"
    assert jobs.states([JOB.id])[JOB.id].progress == {"cell": 3}
    jobs.finish(taken, "done")
    assert _state() == ("done", 1)
    assert jobs.take(JOB.id, "worker b") is None
    assert jobs.submit(JOB), "whoever asks again after it has ended gets it anew"
    assert _state() == ("queued", 0)


def test_workers_that_go_down_three_times_fail_it() -> None:
    jobs.submit(JOB)
    for attempt in (1, 2, 3):
        assert [due.job for due in jobs.reap()] == [JOB.id]
        taken = jobs.take(JOB.id, f"worker {attempt}")
        assert taken is not None
        _go_down()
        assert _state() == ("running", attempt)
    assert jobs.reap() == []
    assert _state() == ("failed", 3)
    assert jobs.states([JOB.id])[JOB.id].reason == "its worker worker 3 went down"
    assert jobs.beat(taken, {}) == "lost"
    jobs.finish(taken, "done")
    assert _state() == ("failed", 3), "a worker that comes back changes nothing"


def test_a_worker_that_is_asked_to_stop_gives_it_back_uncounted() -> None:
    jobs.submit(JOB)
    taken = jobs.take(JOB.id, "worker a")
    assert taken is not None
    jobs.give_back(taken, "the worker stops", counts=False)
    assert _state() == ("queued", 0)
    assert [due.job for due in jobs.reap()] == [JOB.id]


def test_too_much_memory_three_times_fails_it() -> None:
    jobs.submit(JOB)
    for attempt in (1, 2, 3):
        taken = jobs.take(JOB.id, "worker a")
        assert taken is not None
        jobs.give_back(taken, "more memory than it may take")
        assert _state() == ("failed" if attempt == 3 else "queued", attempt)


def test_cancelling_reaches_a_queued_and_a_running_job() -> None:
    jobs.submit(JOB)
    jobs.cancel([JOB.id])
    assert _state() == ("cancelled", 0)
    jobs.submit(JOB)
    taken = jobs.take(JOB.id, "worker a")
    assert taken is not None
    jobs.cancel([JOB.id])
    assert jobs.beat(taken, {}) == "cancel"
    jobs.finish(taken, "cancelled", "stopped")
    assert _state() == ("cancelled", 1)


def test_how_long_the_oldest_job_waits() -> None:
    assert jobs.waiting_s(["cpu"]) == 0
    jobs.submit(JOB)
    with database.transaction() as connection:
        connection.execute(
            text("UPDATE veritrain_state_jobs SET queued_at = queued_at - interval '90 seconds'")
        )
    assert 90 <= jobs.waiting_s(["cpu", "gpu"]) < 150
    assert jobs.waiting_s(["gpu"]) == 0


def test_files_travel_unchanged_and_are_stored_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PART_BYTES", 10)
    sources = {"task.yaml": b"name: x", "rows/seed.csv": b"text\n" * 20, "empty": b""}
    for name, content in sources.items():
        (tmp_path / Path(name).name).write_bytes(content)
    paths = {name: tmp_path / Path(name).name for name in sources}
    bundle = files.store_bundle(paths)
    assert files.store_bundle(paths) == bundle
    with database.transaction() as connection:
        assert connection.scalar(text("SELECT count(DISTINCT digest) FROM veritrain_state_files")) == 4
    files.fetch_bundle(bundle, tmp_path / "there")
    assert {name: (tmp_path / "there" / name).read_bytes() for name in sources} == sources
    with database.transaction() as connection:
        connection.execute(text("UPDATE veritrain_state_files SET content = 'changed' WHERE part = 1"))
    with pytest.raises(Infrastructure, match="not as it was stored"):
        files.fetch_bundle(bundle, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()
