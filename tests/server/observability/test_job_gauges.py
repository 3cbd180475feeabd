"""Prometheus is told of queues, leases and workers where machines share the record."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.core import Metric

from tests.server.postgres import new_database
from veritrain_lib.server.observability.job_gauges import JobCollector
from veritrain_lib.server.web.home import _templates
from veritrain_lib.server.web.running import ActiveRuns
from veritrain_lib.server.web.workers import worker_items
from veritrain_lib.tracking.state import database, jobs, workers
from veritrain_lib.tracking.state.jobs import QueuedJob


def test_one_machine_alone_has_no_such_metrics_and_no_workers(home: Path) -> None:
    assert list(JobCollector().collect()) == []
    assert worker_items() == []


@pytest.mark.slow
def test_queues_attempts_and_workers_are_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_database() as address:
        monkeypatch.setenv("DATABASE_URL", address)
        jobs.submit(QueuedJob("a" * 64, "gate of task x", {}, "cpu"))
        jobs.submit(QueuedJob("b" * 64, "train of task x", {}, "gpu"))
        taken = jobs.take("b" * 64, "box/1")
        assert taken is not None
        jobs.give_back(taken, "its kernel died")
        taken = jobs.take("b" * 64, "box/1")
        assert taken is not None
        jobs.beat(taken, {"cell": 3, "cells": 8})
        workers.beat("box/1", ["gpu"])
        workers.beat("box/2", ["cpu"])
        families = {family.name: family for family in JobCollector().collect()}
        assert _values(families["veritrain_queue_jobs"]) == {"cpu": 1, "gpu": 0, "teacher": 0}
        assert _values(families["veritrain_running_jobs"]) == {"cpu": 0, "gpu": 1, "teacher": 0}
        assert _values(families["veritrain_job_attempts"]) == {"0": 1, "2": 1}
        assert _values(families["veritrain_workers"]) == {"busy": 1, "idle": 1, "silent": 0}
        leases = {
            tuple(sample.labels.values()): sample.value for sample in families["veritrain_leases"].samples
        }
        assert leases[("job", "held")] == 1
        assert leases[("job", "expired")] == 0
        busy, idle = worker_items()
        assert (busy.state, busy.work) == ("busy", ("train of task x, cell 3 of 8, attempt 2",))
        assert (idle.state, idle.work, idle.queues) == ("idle", (), "cpu")
        page = _templates().get_template("now.html.j2").render(now=ActiveRuns(), workers=worker_items())
        assert "train of task x, cell 3 of 8, attempt 2" in page
        assert "box/2" in page
        database.engine().dispose()


def _values(family: Metric) -> dict[str, float]:
    return {next(iter(sample.labels.values())): sample.value for sample in family.samples}
