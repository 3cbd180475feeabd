"""Stages on two workers: found again by their digest, the same as here, also when a worker is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.machines import VERITRAIN, running_job, worker
from tests.server.served import free_port
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.execution.workers.remote_runner import RemoteRunner
from veritrain_lib.loop import task_bundle
from veritrain_lib.loop.experiment_run import ExperimentRequest, schedule_experiment
from veritrain_lib.loop.round_run import Event, RoundRun
from veritrain_lib.loop.stage_job import run_stage
from veritrain_lib.server.jobs import background
from veritrain_lib.stages.inputs.defaults import SEED
from veritrain_lib.stages.inputs.tasks import remember
from veritrain_lib.tracking import datasets, models, runs
from veritrain_lib.tracking.state import database, jobs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def _kill_worker_of(stage: str, killed: list[jobs.JobState]) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        running = running_job(stage)
        if running is not None:
            os.kill(int(running.worker.rpartition("/")[2]), signal.SIGKILL)
            killed.append(running)
            return
        time.sleep(0.05)


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """The record's server, on a machine of its own; yields its address."""
    folder.mkdir()
    port = free_port()
    process = subprocess.Popen(
        [VERITRAIN, "serve", "--port", str(port)],
        env={**os.environ, "VERITRAIN_HOME": str(folder)}, cwd=folder, stderr=(folder / "log").open("wb"),
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 240
        while not _answers(f"{address}/api/v1/health/live"):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def test_a_worker_without_a_shared_folder_works_through_the_server(
    shared_record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _server(tmp_path / "server") as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        token = (tmp_path / "server" / ".veritrain" / "link_token").read_text().strip()
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)
        task = load_task(write_tiny(shared_record / "tiny"))
        with (
            worker(tmp_path / "a", dict(os.environ)),
            RoundRun(
                task, runs.open_run(task, "loop", kind="loop"), 0, RemoteRunner(), lambda event: None
            ) as round_run,
        ):
            gate = round_run.stage("gate", dataset=SEED, seed=task.seed)
            dataset = datasets.of_run(gate.run_id)
            assert dataset is not None
            trained: Any = round_run.stage("train", dataset=dataset.reference, seed=task.seed)
        uri = runs.get(trained.run_id).info.artifact_uri
        assert uri.startswith("mlflow-artifacts:")
        assert trained.result.model == "models:/tiny/1"
        assert [path for path in (shared_record, tmp_path / "a") if (path / "mlruns").exists()] == []


def _model_digest(task: Task, model: str) -> str:
    return str(models.identity(task, model))


def test_stages_run_on_workers_and_a_kill_changes_nothing(
    shared_record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = load_task(write_tiny(shared_record / "tiny"))
    loop_run = runs.open_run(task, "loop", kind="loop")
    events: list[Event] = []
    killed: list[jobs.JobState] = []
    environment = dict(os.environ)
    with (
        worker(tmp_path / "a", environment),
        worker(tmp_path / "b", environment),
        RoundRun(task, loop_run, 0, RemoteRunner(), events.append) as round_run,
    ):
        gate = round_run.stage("gate", dataset=SEED, seed=task.seed)
        dataset = datasets.of_run(gate.run_id)
        assert dataset is not None
        killer = threading.Thread(target=_kill_worker_of, args=("train", killed))
        killer.start()
        trained = round_run.stage("train", dataset=dataset.reference, seed=task.seed)
        killer.join()
        again = round_run.stage("train", dataset=dataset.reference, seed=task.seed)
    assert (again.run_id, again.stored) == (trained.run_id, True), "it is not done twice"
    state = jobs.states([killed[0].id])[killed[0].id]
    assert runs.get(round_run.run_id).data.tags[runs.CELERY_TAG] == state.message
    assert (state.status, state.attempts) == ("done", 2)
    assert next(event.kind for event in events if event.stage == "gate") == "begin"
    assert {"begin", "cell", "done"} <= {event.kind for event in events}
    assert any("went down" in event.text for event in events if event.kind == "waits")
    stages = runs.search(task, "tags.`veritrain.stage` = 'train'")
    assert sorted(run.info.status for run in stages) in (["FINISHED"], ["FINISHED", "KILLED"])
    assert not (tmp_path / "a" / "mlruns").exists(), "results are in the record"

    model: Any = trained.result
    digest = _model_digest(task, model.model)
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path / "alone"))
    monkeypatch.delenv("DATABASE_URL")
    here = load_task(write_tiny(tmp_path / "alone" / "tiny"))
    gate_here = run_stage(here, "gate", {"dataset": SEED, "seed": here.seed})
    dataset_here = datasets.of_run(gate_here.run_id)
    assert dataset_here is not None
    parameters = {"dataset": dataset_here.reference, "seed": here.seed}
    alone: Any = run_stage(here, "train", parameters).result
    assert _model_digest(here, alone.model) == digest


def test_an_experiment_that_the_server_starts_is_done_by_workers(
    shared_record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = load_task(write_tiny(shared_record / "tiny"))
    remember(task)
    gate = run_stage(task, "gate", {"dataset": SEED, "seed": task.seed})
    request = ExperimentRequest(
        direction="tiny",
        base_model_id="",
        dataset_id=gate.run_id,
        champion="",
        seed=task.seed,
        trainer={"C": 8.0},
    )
    run_id = schedule_experiment(task, "mine", request)
    monkeypatch.setenv("VERITRAIN_RUNNER", "celery")
    with worker(tmp_path / "a", dict(os.environ)):
        background.launch(run_id)
        deadline = time.monotonic() + 240
        while (run := runs.get(run_id)).info.status in ("SCHEDULED", "RUNNING"):
            assert time.monotonic() < deadline, (background.folder() / f"work-{run_id}.log").read_text()
            time.sleep(0.2)
        log = (background.folder() / f"work-{run_id}.log").read_text()
        assert (run.info.status, run.data.tags.get("veritrain.reason")) == ("FINISHED", None), log
    sent = jobs.states(_submitted())
    assert run.data.tags[runs.CELERY_TAG] in {state.message for state in sent.values()}
    assert [state.name for state in sent.values() if state.status == "done"].count(
        "train of task tiny"
    ) == 2, "the seed model, and one with the request's own trainer parameters"


def _submitted() -> list[str]:
    with database.transaction() as connection:
        return list(connection.exec_driver_sql("SELECT id FROM veritrain_state_jobs").scalars())


def test_what_a_worker_could_not_find_is_refused(shared_record: Path) -> None:
    outside = shared_record / "outside.csv"
    task = load_task(write_tiny(shared_record / "tiny"))
    outside.write_bytes((shared_record / "tiny" / task.data.seed).read_bytes())
    moved = task.model_copy(update={"data": task.data.model_copy(update={"seed": "../outside.csv"})})
    with pytest.raises(UserError, match=r"outside its folder.*\.\./outside\.csv"):
        task_bundle.store_task(moved)
