"""How many rounds workers do in a minute, and the time that Celery adds to a job."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil

from benchmarks.machine_trials import Cluster
from tests.stages.tiny_task import write_tiny

READY_S = 180.0
"""Seconds that a worker may take for its first job."""


def _open(made: Cluster) -> None:
    """Make this process the machine that starts loops."""
    os.environ.update(made.main.settings)
    os.environ["VERITRAIN_HOME"] = str(made.main.home)


def refused_job(made: Cluster, number: int) -> Any:
    """Return a job that takes no time: a worker's process refuses it, since it wants another version."""
    from veritrain_lib.loop import task_bundle
    from veritrain_lib.tracking.state.jobs import QueuedJob

    _open(made)
    payload = {
        "project": task_bundle.store_project(),
        "task": "",
        "stage": "gate",
        "parameters": {},
        "code": "-",
    }
    return QueuedJob(f"{number:064d}", f"nothing {number}", payload, "cpu")


def added_per_job(made: Cluster, jobs: int) -> list[float]:
    """Return the seconds from the submission of each of some jobs until its end is known, one after another."""
    from veritrain_lib.execution.workers.remote_runner import RemoteRunner

    _open(made)
    runner, seconds = RemoteRunner(), []
    runner.run([refused_job(made, 0)])  # the first one waits for the worker to start its process
    for number in range(1, jobs + 1):
        job = refused_job(made, number)
        began = time.monotonic()
        runner.run([job])
        seconds.append(time.monotonic() - began)
    return seconds


def rounds_per_minute(made: Cluster, rounds: int) -> float:
    """Have the workers do rounds of as many small tasks at once; each worker has one core of its own."""
    from veritrain_lib.core.task import load_task
    from veritrain_lib.execution.workers.remote_runner import RemoteRunner
    from veritrain_lib.tracking import runs

    _open(made)
    for number in range(len(made.machines)):  # every worker has started its process and its kernels
        RemoteRunner().run([refused_job(made, 1000 + number)])
    for core, machine in enumerate(made.machines):
        for process in machine.family():
            psutil.Process(process).cpu_affinity([core % (os.cpu_count() or 1)])
    tasks = [load_task(write_tiny(made.main.home / f"task-{n}", f"tiny-{n}")) for n in range(rounds)]
    loops = [runs.open_run(task, "loop", kind="loop") for task in tasks]
    began = time.monotonic()
    with ThreadPoolExecutor(rounds) as pool:
        list(pool.map(_round, tasks, loops))
    return 60 * rounds / (time.monotonic() - began)


def _round(task: Any, loop_run: str) -> None:
    from veritrain_lib.execution.workers.remote_runner import RemoteRunner
    from veritrain_lib.loop.round_run import RoundRun
    from veritrain_lib.stages.inputs.defaults import SEED
    from veritrain_lib.tracking import datasets

    with RoundRun(task, loop_run, 0, RemoteRunner(), lambda event: None) as round_run:
        gate = round_run.stage("gate", dataset=SEED, seed=task.seed)
        dataset = datasets.of_run(gate.run_id)
        assert dataset is not None
        round_run.stage("train", dataset=dataset.reference, seed=task.seed)
