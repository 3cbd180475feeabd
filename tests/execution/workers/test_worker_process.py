"""A real worker under its supervisor: jobs reach it whatever becomes of its connections, and of itself."""

from __future__ import annotations

import _thread
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis

from benchmarks.machine_services import NotInstalled, services
from tests.machines import free_redis, worker
from tests.server.postgres import new_database
from veritrain_lib.execution.workers import remote_runner
from veritrain_lib.execution.workers.remote_runner import RemoteRunner
from veritrain_lib.tracking.state import database, files
from veritrain_lib.tracking.state.jobs import JobState, QueuedJob, states

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
def broker(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """A record with the table of jobs alone, and an empty Redis."""
    with new_database() as address, free_redis() as url:
        monkeypatch.setenv("DATABASE_URL", address)
        monkeypatch.setenv("REDIS_URL", url)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        from veritrain_lib.execution.workers import app

        monkeypatch.setattr(app, "app", app.make_app())
        yield redis.Redis.from_url(url)
        database.engine().dispose()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other accounts reach: as root, PostgreSQL runs as `postgres`, which may not enter pytest's folders."""
    folder = Path(tempfile.mkdtemp(prefix="vt-services-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def heard_interrupts() -> Iterator[None]:
    """Ctrl-C reaches this process also where it was started in the background, which makes it deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _job(number: int, home: Path) -> QueuedJob:
    """A job that every worker refuses at once, for it wants another version; so it needs no stage and no record."""
    (home / "notebook").write_text("{}")
    bundle = files.store_bundle({"notebooks/03_gate.ipynb": home / "notebook"})
    payload = {"project": bundle, "task": "", "stage": "gate", "parameters": {}, "code": "another"}
    return QueuedJob(f"{number:064d}", f"gate {number}", payload, "cpu")


def _run(number: int, home: Path) -> JobState:
    job = _job(number, home)
    return RemoteRunner().run([job])[job.id]


def _cut_connections(client: redis.Redis) -> int:
    """Cut the connections to this test's database of Redis, but not this client's."""
    number = str(client.connection_pool.connection_kwargs["db"])
    clients: Any = client.client_list()
    own = client.client_id()
    cut = [one for one in clients if one["db"] == number and int(one["id"]) != own]
    for one in cut:
        client.client_kill_filter(_id=one["id"])
    return len(cut)


def test_jobs_reach_a_worker_whose_connections_are_cut_and_one_that_was_killed(
    broker: redis.Redis, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with worker(tmp_path_factory.mktemp("machine") / "a", dict(os.environ)):
        state = _run(0, home)
        assert (state.status, state.attempts) == ("failed", 1)
        assert "another version of Veri-Train" in state.reason
        cut = 0
        for number in (1, 2):  # the second time Celery 5.7 goes deaf, and starts anew after a minute
            cut += _cut_connections(broker)
            state = _run(number, home)
            assert state.status == "failed"
        assert cut >= 2
        os.kill(int(state.worker.rpartition("/")[2]), signal.SIGKILL)
        again = _run(3, home)
        assert again.status == "failed"
        assert again.worker != state.worker, "its supervisor started it again"


def test_a_job_outlasts_a_crash_of_the_database_and_of_the_broker(
    home: Path, open_folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        with services(open_folder) as (postgres, broker):
            monkeypatch.setenv("DATABASE_URL", postgres.database("record"))
            monkeypatch.setenv("REDIS_URL", broker.url)
            monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
            job = _job(0, home)
            with ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(RemoteRunner().run, [job])
                while job.id not in states([job.id]):
                    time.sleep(0.05)
                postgres.stop("immediate")
                broker.kill()  # with the job's message, if it was sent
                broker.start()
                postgres.start()
                with worker(tmp_path_factory.mktemp("machine") / "a", dict(os.environ)):
                    state = waiting.result(timeout=200)[job.id]
            assert (state.status, state.attempts) == ("failed", 1), "it was refused, as every such job"
            database.engine().dispose()
    except NotInstalled as missing:
        pytest.skip(str(missing))


@pytest.mark.usefixtures("heard_interrupts")
def test_an_interrupted_loop_stops_its_jobs(
    broker: redis.Redis, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _job(0, home)
    timer = threading.Timer(2, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        RemoteRunner().run([job])
    assert states([job.id])[job.id].status == "cancelled"
    assert broker.llen("cpu") == 1, "its message, which does nothing any more"


@pytest.mark.usefixtures("heard_interrupts")
def test_jobs_wait_for_a_broker_that_is_away(
    broker: redis.Redis, home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from veritrain_lib.execution.workers import app

    monkeypatch.setattr(remote_runner, "SEND_S", 0.5)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app, "app", app.make_app())
    job = _job(0, home)
    timer = threading.Timer(4, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        RemoteRunner().run([job])
    assert "jobs can't be sent to workers now" in caplog.text
    assert broker.llen("cpu") == 0
