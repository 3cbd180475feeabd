"""Workers for tests, as on other machines: own folders, one PostgreSQL, one Redis."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from veritrain_lib.tracking.state import database, jobs

VERITRAIN = str(Path(sys.executable).with_name("veritrain"))


@contextmanager
def free_redis() -> Iterator[str]:
    """A database of Redis that nobody uses, emptied at the end. Skips the test where there is no Redis."""
    import redis

    for number in range(15, 4, -1):
        url = f"redis://127.0.0.1:6379/{number}"
        client = redis.Redis.from_url(url)
        try:
            free = client.set("veritrain test", os.getpid(), nx=True, ex=1200) and client.dbsize() == 1
        except redis.ConnectionError:
            pytest.skip("no Redis on this machine")
        if free:
            try:
                yield url
            finally:
                client.flushdb()
            return
    pytest.skip("no database of Redis is free")


@contextmanager
def worker(folder: Path, environment: Mapping[str, str], *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a folder of its own, which is asked to stop at the end and must do so well."""
    folder.mkdir()
    process = subprocess.Popen(
        [VERITRAIN, "worker", "--name", folder.name, *options],
        env={**environment, "VERITRAIN_HOME": str(folder)}, cwd=folder, stderr=(folder / "log").open("wb"),
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(60) == 0, (folder / "log").read_text()


def running_job(stage: str) -> jobs.JobState | None:
    """The job of a stage that a worker runs at the moment; None when there is none."""
    with database.transaction() as connection:
        ids = (
            connection.exec_driver_sql("SELECT id FROM veritrain_state_jobs WHERE status = 'running'")
            .scalars()
            .all()
        )
    return next((state for state in jobs.states(ids).values() if state.name.startswith(stage)), None)
