"""Loops on two workers that are disturbed: workers killed, PostgreSQL and Redis killed and restarted, connections cut."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.loop_project import Project
from benchmarks.machine_services import Postgres, Redis

KINDS = ("worker", "machine", "stage", "PostgreSQL", "PostgreSQL crash", "Redis", "connections")
"""What is disturbed: a worker's process is killed, or all processes of its machine, or those that run a stage;
PostgreSQL is restarted or killed, Redis is killed with all its messages, or its connections are cut every 5 seconds."""

LONGEST_S = 1800.0
OUTAGE_S = 3.0
"""Seconds for which PostgreSQL or Redis is away."""
CUT_EVERY_S, CUT_FOR_S = 5.0, 120.0
HEARS_S = 150.0
"""Seconds within which a worker must get a job: one that is deaf starts anew after a minute."""
MOST_LOOKS = 4
"""Looks that the task allows."""


@dataclass
class Trial:
    """One disturbed loop on two workers."""

    number: int
    kind: str
    moment_s: float
    code: int = -1
    same: bool = False
    hit: str = ""
    left: dict[str, list[str]] = field(default_factory=dict)
    looks_over_budget: int = 0
    deaf_workers: int = 0
    tracebacks: int = 0
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Return whether the loop ended as an undisturbed one and left nothing."""
        return (
            self.code == 0 and self.same and not any(self.left.values())
            and not self.looks_over_budget and not self.tracebacks and not self.deaf_workers
        )  # fmt: skip


@dataclass
class Cluster:
    """Two machines with a worker each, a third one that starts loops, and their services.

    Attributes:
        main: The project that starts loops.
        machines: The workers' own projects, without a task.
        processes: The supervisor of each worker.
    """

    main: Project
    machines: list[Project]
    postgres: Postgres
    redis: Redis
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_worker(self, number: int) -> None:
        """Start the worker of a machine."""
        machine = self.machines[number]
        self.processes[number : number + 1] = [machine.start("worker", "--name", machine.home.name)]

    def stop_worker(self, number: int) -> None:
        """Ask the worker of a machine to stop, and wait for it."""
        self.processes[number].terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.processes[number].wait(60)
        self.machines[number].end()

    def disturb(self, kind: str, chance: random.Random) -> str:
        """Disturb the cluster once; return what was hit."""
        number = chance.randrange(len(self.machines))
        if kind == "worker":
            return self._kill(number, lambda name: "celery" in name)
        if kind == "stage":
            return self._kill(number, lambda name: "job_host" in name or "vt-kernel" in name)
        if kind == "machine":
            hit = self._kill(number, lambda name: True)
            time.sleep(OUTAGE_S)
            self.start_worker(number)
            return hit
        if kind in ("PostgreSQL", "PostgreSQL crash"):
            self.postgres.stop("immediate" if "crash" in kind else "fast")
            time.sleep(OUTAGE_S)
            self.postgres.start()
        elif kind == "Redis":
            self.redis.kill()
            time.sleep(OUTAGE_S)
            self.redis.start()
        else:
            self.redis.cut_connections()
        return kind

    def _kill(self, number: int, wanted: Callable[[str], bool]) -> str:
        hit = []
        for process, name in self.machines[number].family().items():
            if wanted(name):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                    hit.append(name)
        return f"{len(hit)} processes of {self.machines[number].home.name}"

    def close(self) -> None:
        """Stop the workers, as a person would, and kill what is left."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(40)
        for project in (self.main, *self.machines):
            project.end()


Services = tuple[Postgres, Redis]


@contextmanager
def cluster(folder: Path, code: Path, running: Services, name: str, *, workers: int = 2) -> Iterator[Cluster]:
    """Start workers on machines of their own, with folders of their own, over an empty record.

    Args:
        folder: For the machines' folders.
        code: The copy of the library that they run.
        running: The services.
        name: Name of the database that is made for the record.
        workers: Number of workers.
    """
    postgres, redis = running
    database = postgres.database(name)
    settings = {
        "DATABASE_URL": database,
        "REDIS_URL": redis.url,
        "VERITRAIN_RUNNER": "celery",
        "OMP_NUM_THREADS": "1",
    }
    folder.mkdir(parents=True)
    main = Project.make(folder / "main", code, settings)
    machines = []
    for number in range(workers):
        home = folder / f"machine-{number}"
        (home / "tmp").mkdir(parents=True)
        machines.append(Project(home, code, main.task_file, settings=settings))
    made = Cluster(main, machines, postgres, redis)
    try:
        for number in range(workers):
            made.start_worker(number)
        yield made
    finally:
        made.close()


def run_trial(trial: Trial, made: Cluster, expected: Mapping[str, Any], chance: random.Random) -> None:
    """Disturb one loop, and compare what it gave with an undisturbed one."""
    began = time.monotonic()
    loop = made.main.loop()
    with contextlib.suppress(subprocess.TimeoutExpired):
        loop.wait(trial.moment_s)
    if loop.poll() is None:
        trial.hit = made.disturb(trial.kind, chance)
    ended = threading.Event()
    if trial.kind == "connections":

        def cut() -> None:
            while not ended.wait(CUT_EVERY_S):
                made.redis.cut_connections()

        threading.Thread(target=cut, daemon=True).start()
    try:
        trial.code = loop.wait(LONGEST_S)
    except subprocess.TimeoutExpired:
        loop.kill()
    ended.set()
    trial.seconds = time.monotonic() - began
    outcome = made.main.outcome()
    trial.same = outcome == expected
    if not trial.same:
        trial.left["differs"] = [name for name in expected if outcome.get(name) != expected[name]]
    left = made.main.left()
    trial.left |= {name: left[name] for name in ("running", "untrue_reasons", "done_twice")}
    trial.looks_over_budget = max(0, len(outcome["looks"]) - MOST_LOOKS)
    logs = [project.log() for project in (made.main, *made.machines)]
    trial.tracebacks = sum(log.count("Traceback (most recent call last)") for log in logs)
