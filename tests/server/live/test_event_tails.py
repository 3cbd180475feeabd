"""A tail reads for all who follow a run, and each of them gets every line once at its own pace."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from veritrain_lib.core import event_log
from veritrain_lib.core.event_log import EventReader
from veritrain_lib.server.live import event_tails
from veritrain_lib.server.live.event_tails import EventTails

RUN = "run1"


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project of files only: nothing here asks the record."""
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
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
    made: list[EventReader] = []

    class Counted(EventReader):
        def __init__(self, run_id: str, after: int = 0) -> None:
            made.append(self)
            super().__init__(run_id, after)

    monkeypatch.setattr(event_log, "EventReader", Counted)

    async def watch() -> list[list[int]]:
        all_tails = EventTails()
        following = [asyncio.create_task(numbers(all_tails, after)) for after in (0, 0, 5, 11)]
        await asyncio.sleep(0.05)
        write(10)
        event_log.end(RUN, "over")
        found = await asyncio.gather(*following)
        assert all_tails._tails == {}, "nobody is left, so nothing is read any more"
        return found

    whole = list(range(1, 12))
    assert asyncio.run(watch()) == [whole, whole, whole[5:], []]
    assert len(made) == 1


def test_who_is_slower_than_the_tail_keeps_misses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_tails, "READ_LINES", 3)

    async def watch() -> list[int]:
        all_tails = EventTails()
        async with all_tails.open(RUN) as tail:
            tail.lines = type(tail.lines)(maxlen=5)
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


def test_what_can_not_be_read_is_raised_and_not_waited_for() -> None:
    write(1)
    event_log.log_path(RUN).write_bytes(b"no JSON\n")
    with pytest.raises(ValueError):
        asyncio.run(numbers(EventTails()))
