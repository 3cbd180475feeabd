"""Workers are listed with what they do, and jobs and leases are counted, by the clock of a real PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from veritrain_lib.tracking.state import claims, database, job_counts, jobs, workers
from veritrain_lib.tracking.state.job_counts import JobCounts
from veritrain_lib.tracking.state.jobs import QueuedJob

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _without_mlflow(shared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")


def _earlier(table: str, column: str, seconds: int) -> None:
    with database.transaction() as connection:
        connection.execute(
            text(f"UPDATE veritrain_state_{table} SET {column} = {column} - interval '{seconds} seconds'")
        )


def test_a_worker_is_listed_with_its_job_until_it_signs_off() -> None:
    workers.beat("a/1", ["cpu", "gpu"])
    workers.beat("b/2", ["teacher"])
    jobs.submit(QueuedJob("d" * 64, "train of task x", {"stage": "train"}, "cpu"))
    taken = jobs.take("d" * 64, "a/1")
    assert taken is not None
    jobs.beat(taken, {"cell": 2, "cells": 9})
    busy, idle = workers.listed()
    assert (busy.name, busy.queues, busy.is_alive) == ("a/1", ("cpu", "gpu"), True)
    assert [(job.name, job.attempt, job.progress["cell"]) for job in busy.jobs] == [("train of task x", 1, 2)]
    assert (idle.name, idle.jobs) == ("b/2", [])
    workers.forget("b/2")
    assert [state.name for state in workers.listed()] == ["a/1"]


def test_a_killed_worker_is_silent_and_after_an_hour_it_is_forgotten() -> None:
    workers.beat("a/1", ["cpu"])
    _earlier("workers", "beat_at", 40)
    (silent,) = workers.listed()
    assert not silent.is_alive
    assert 40 <= silent.silent_s < 100
    _earlier("workers", "beat_at", 3600)
    assert workers.listed() == []
    workers.beat("b/2", ["cpu"])
    workers.forget("b/2")
    with database.transaction() as connection:
        assert connection.scalar(text("SELECT count(*) FROM veritrain_state_workers")) == 0


def test_jobs_and_leases_are_counted() -> None:
    assert job_counts.read() == JobCounts({}, {}, {}, {}, {}, {})
    for number, queue in enumerate(["cpu", "cpu", "gpu", "cpu"]):
        jobs.submit(QueuedJob(f"{number:064d}", f"job {number}", {}, queue))
    _earlier("jobs", "queued_at", 100)
    failing, running = jobs.take(f"{0:064d}", "a/1"), jobs.take(f"{3:064d}", "a/1")
    assert failing is not None
    assert running is not None
    jobs.finish(failing, "failed", "no")
    with claims.claim("some work", "some work"):
        counts = job_counts.read()
        assert (counts.waiting, counts.running, counts.failed) == (
            {"cpu": 1, "gpu": 1},
            {"cpu": 1},
            {"cpu": 1},
        )
        assert all(100 <= age < 200 for age in counts.oldest_s.values())
        assert counts.attempts == {0: 2, 1: 1}
        assert counts.leases == {("job", "held"): 1, ("claim", "held"): 1}
        _earlier("jobs", "beat_at", 60)
        assert job_counts.read().leases[("job", "expired")] == 1
