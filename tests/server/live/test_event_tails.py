"""What is new is read for all who follow a run, and each of them gets every event once at its own pace."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.server.postgres import new_database
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.server.live import event_tails
from veritrain_lib.server.live.event_tails import EventTails
from veritrain_lib.tracking import event_log
from veritrain_lib.tracking.event_log import LoggedEvent
from veritrain_lib.tracking.state import database, event_table

RUN = "run1"

WORKER = """
import sys
from veritrain_lib.tracking import event_log
for number in range(20):
    event_log.append(sys.argv[1], "log", f"line {number}")
sys.stdin.readline()
for number in range(20):
    event_log.append(sys.argv[1], "log", f"line {number}")
event_log.end(sys.argv[1], "over")
"""


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project whose events are in a file of its own: nothing here asks MLflow."""
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(event_tails, "POLL_S", 0.01)


def write(count: int) -> None:
    for number in range(count):
        event_log.append(RUN, "log", f"line {number}")


async def numbers(all_tails: EventTails, after: int = 0, pause: float = 0.0) -> list[int]:
    found = []
    async for line in all_tails.follow(RUN, after):
        found.append(line.seq)
        await asyncio.sleep(pause)
    return found


def test_many_followers_share_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Mapping[str, int]] = []
    read_newer = event_log.read_newer

    def counted(known: Mapping[str, int], limit: int) -> dict[str, list[LoggedEvent]]:
        reads.append(known)
        return read_newer(known, limit)

    monkeypatch.setattr(event_log, "read_newer", counted)

    async def watch() -> list[list[int]]:
        all_tails = EventTails()
        following = [asyncio.create_task(numbers(all_tails, after)) for after in (0, 0, 5, 11)]
        while not reads:
            await asyncio.sleep(0)
        await asyncio.to_thread(write, 10)
        event_log.end(RUN, "over")
        found = await asyncio.gather(*following)
        assert all_tails._tails == {}, "nobody is left, so nothing is read any more"
        return found

    whole = list(range(1, 12))
    assert asyncio.run(watch()) == [whole, whole, whole[5:], []]
    assert [known for known in reads if set(known) != {RUN}] == [], "one statement, whoever follows"
    numbers_known = [known[RUN] for known in reads]
    assert numbers_known == sorted(numbers_known)


def test_who_is_slower_than_the_tail_keeps_misses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_tails, "FOLLOWER_EVENTS", 3)

    async def watch() -> list[int]:
        all_tails = EventTails()
        async with all_tails.open(RUN) as tail:
            tail.events = type(tail.events)(maxlen=5)
            following = asyncio.create_task(numbers(all_tails, pause=0.002))
            for _ in range(10):
                await asyncio.to_thread(write, 5)
            event_log.end(RUN, "over")
            return await following

    assert asyncio.run(watch()) == list(range(1, 52))


def test_a_run_that_was_taken_up_again_is_followed_past_its_first_end() -> None:
    write(1)
    event_log.end(RUN, "over")
    event_log.append(RUN, "status", "begins again", data={"status": "running"})
    event_log.end(RUN, "over at last")
    assert asyncio.run(numbers(EventTails())) == [1, 2, 3, 4]


@pytest.mark.parametrize("at_once", [True, False])
def test_what_can_not_be_read_is_raised_and_not_waited_for(at_once: bool) -> None:
    async def watch() -> None:
        event_log.append(RUN, "log", "text")
        if at_once:
            event_table.append(RUN, "log", "no JSON")
        async for _ in EventTails().follow(RUN, 0):
            event_table.append(RUN, "log", "no JSON")

    with pytest.raises(ValueError):
        asyncio.run(watch())


def test_a_database_that_is_away_for_a_while_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_tails, "SETTLE_S", 0.01)
    failures = {"read": 0, "read_newer": 0}

    def failing_twice(name: str) -> Callable[..., Any]:
        whole = getattr(event_log, name)

        def call(*args: Any) -> Any:
            if failures[name] < 2:
                failures[name] += 1
                raise Infrastructure("the database is away")
            return whole(*args)

        return call

    async def watch() -> list[int]:
        following = asyncio.create_task(numbers(EventTails()))
        while failures["read_newer"] < 2:
            await asyncio.sleep(0.01)
        write(2)
        event_log.end(RUN, "over")
        return await following

    write(1)
    for name in failures:
        monkeypatch.setattr(event_log, name, failing_twice(name))
    assert asyncio.run(watch()) == [1, 2, 3, 4]
    assert failures == {"read": 2, "read_newer": 2}


def test_another_machine_appends_and_a_server_that_was_restarted_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two project folders and one record: the follower is asked for what comes after the number it had."""
    with new_database() as address:
        monkeypatch.setenv("DATABASE_URL", address)
        environment = {**os.environ, "VERITRAIN_HOME": str(tmp_path / "worker")}
        worker = subprocess.Popen([sys.executable, "-c", WORKER, RUN], env=environment, stdin=subprocess.PIPE)
        assert worker.stdin is not None

        async def first() -> list[int]:
            found = []
            async for event in EventTails().follow(RUN, 0):
                found.append(event.seq)
                if event.seq == 20:
                    break
            return found

        assert asyncio.run(first()) == list(range(1, 21))
        worker.stdin.write(b"go on\n")  # the first server is gone by now
        worker.stdin.close()
        assert asyncio.run(numbers(EventTails(), after=20)) == list(range(21, 42))
        assert worker.wait() == 0
        database.engine().dispose()
