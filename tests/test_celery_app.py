"""Celery tasks that programs call by name, on a real worker with PostgreSQL and Redis: done once, results from the record."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from celery.exceptions import TaskRevokedError

from tests.machines import running_job, worker
from tests.stages.tiny_task import write_tiny
from veritrain_lib.celery_app import app, check_quality_gate, train_model
from veritrain_lib.core.errors import Infrastructure, Refused, UserError
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.loop.experiment_run import ExperimentRequest, schedule_experiment
from veritrain_lib.server.live.event_tails import EventTails
from veritrain_lib.server.resources.datasets.upload.filing import DraftMetadata, store_draft
from veritrain_lib.server.resources.experiments.stopping import request_stop
from veritrain_lib.tracking import event_log, runs
from veritrain_lib.tracking.state import jobs

WAIT_S = 240


def _draft(task: Task) -> str:
    """Store the rows of the pool as an upload does."""
    rows = read_examples(task, task.path.parent / "pool.csv", "pool")
    return store_draft(task, rows, DraftMetadata(title="mine", user_name="me"))


def _experiment(task: Task, dataset_id: str, **changes: Any) -> str:
    request = {
        "direction": "tiny",
        "base_model_id": "",
        "dataset_id": dataset_id,
        "champion": "",
        "seed": task.seed,
    }
    return schedule_experiment(task, "mine", ExperimentRequest.model_validate({**request, **changes}))


async def _follow(run_id: str) -> list[event_log.LoggedEvent]:
    """The events of a run, as a server on this machine follows them while another machine works on it."""
    return [event async for event in EventTails().follow(run_id, 0)]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_worker_that_has_no_file_of_the_task_runs_calls_once_and_gives_back_their_results(
    shared_record: Path, tmp_path: Path
) -> None:
    task = load_task(write_tiny(shared_record / "tiny"))
    draft = _draft(task)
    unjudged, experiment = _experiment(task, draft), _experiment(task, draft)
    (shared_record / "tiny").rename(tmp_path / "elsewhere")
    with worker(tmp_path / "a", dict(os.environ)):
        with pytest.raises(Refused, match="a draft that no gate has judged"):
            train_model.delay(experiment_id=unjudged).get(timeout=WAIT_S)
        with pytest.raises(Refused, match=f"{unjudged} failed: .*a draft that no gate has judged"):
            train_model.delay(experiment_id=unjudged).get(timeout=WAIT_S)

        verdict = check_quality_gate.delay(dataset_id=draft).get(timeout=WAIT_S)
        assert (verdict["status"], verdict["dataset_id"]) == ("passed", draft)
        assert verdict["rows_accepted"] + verdict["rows_rejected"] == 60
        assert verdict["metrics"]["duplicate_rate"] <= verdict["thresholds"]["duplicate_rate"]
        assert runs.get(verdict["gate_run_id"]).info.status == "FINISHED"
        assert check_quality_gate.delay(dataset_id=draft).get(timeout=WAIT_S) == verdict

        with ThreadPoolExecutor(1) as pool:
            following = pool.submit(asyncio.run, _follow(experiment))
            called = train_model.delay(experiment_id=experiment)
            result = called.get(timeout=WAIT_S)
            followed = following.result(timeout=WAIT_S)
        assert (called.state, app.AsyncResult(called.id).result) == ("SUCCESS", result)
        with app.connection_for_write(os.environ["REDIS_URL"]) as broker:
            again = app.send_task("train_model", kwargs={"experiment_id": experiment}, connection=broker)
        assert again.get(timeout=WAIT_S) == result, "also when it is sent by its name alone"
        of_its_gate = check_quality_gate.delay(dataset_id=result["runs"]["gate"]).get(timeout=WAIT_S)
        assert of_its_gate["gate_run_id"] == result["runs"]["gate"], "its verdict is in the record"
    assert [event.seq for event in followed] == list(range(1, len(followed) + 1))
    assert {"gate", "train", "evaluate", "report"} <= {event.data.get("stage") for event in followed}
    assert (followed[-1].data["status"], followed[-1].data["ended"]) == ("completed", True)
    assert event_log.read(experiment) == followed, "they are in the artifact by now"
    run = runs.get(experiment)
    assert (run.info.status, run.data.tags[runs.CELERY_TAG]) == ("FINISHED", called.id)
    assert set(result["runs"]) == {"gate", "train", "evaluate", "report"}
    assert result["verdict"] in ("better", "not better", "inconclusive")
    assert result["metrics"] == run.data.metrics
    for stage, most in (("train", 2), ("evaluate", 1), ("report", 1), ("gate", 2)):
        done = runs.search(task, f"tags.`veritrain.stage` = '{stage}' AND attributes.status = 'FINISHED'")
        assert len(done) == most, f"{stage}: the seed's and its own, and nothing twice"


@pytest.mark.slow
def test_a_call_that_waits_can_be_stopped_and_one_of_nothing_is_refused(shared_record: Path) -> None:
    task = load_task(write_tiny(shared_record / "tiny"))
    draft = _draft(task)
    called = check_quality_gate.delay(dataset_id=draft)
    assert called.state == "PENDING"
    jobs.cancel([called.id])
    assert called.state == "REVOKED"
    with pytest.raises(TaskRevokedError, match="cancelled before it began"):
        called.get(timeout=10)
    experiment = _experiment(task, draft)
    training = train_model.delay(experiment_id=experiment)
    request_stop(runs.get(experiment))  # as POST .../stop does
    assert (runs.get(experiment).info.status, training.state) == ("KILLED", "REVOKED")
    assert runs.get(experiment).data.tags[runs.REASON_TAG] == "stopped"
    with pytest.raises(UserError, match="nothing"):
        train_model.delay(experiment_id="nothing")
    with pytest.raises(UserError, match="no experiment that somebody requested"):
        train_model.delay(experiment_id=draft)
    with pytest.raises(TypeError, match="dataset"):
        train_model.delay(dataset=draft)


def test_a_call_needs_a_record_that_machines_share(home: Path) -> None:
    with pytest.raises(Infrastructure, match="the Celery task train_model can't use this record"):
        train_model.delay(experiment_id="any")


def test_options_that_a_job_does_not_have_are_refused() -> None:
    with pytest.raises(UserError, match=r"does not support the option\(s\) countdown"):
        train_model.apply_async(kwargs={"experiment_id": "any"}, countdown=5)


def test_the_tasks_have_the_names_that_users_of_the_workbench_know() -> None:
    assert {"train_model", "check_quality_gate"} <= set(app.tasks)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_call_survives_the_loss_of_its_message_and_of_its_worker(
    shared_record: Path, tmp_path: Path
) -> None:
    draft = _draft(load_task(write_tiny(shared_record / "tiny")))
    called = check_quality_gate.delay(dataset_id=draft)
    assert redis.Redis.from_url(os.environ["REDIS_URL"]).delete("cpu") == 1, "its message is lost"
    with worker(tmp_path / "a", dict(os.environ)):
        deadline = time.monotonic() + WAIT_S
        while (running := running_job("check_quality_gate")) is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert called.state == "STARTED"
        os.kill(int(running.worker.rpartition("/")[2]), signal.SIGKILL)
        verdict = called.get(timeout=WAIT_S)
    assert verdict["status"] == "passed"
    assert jobs.states([called.id])[called.id].attempts == 2
