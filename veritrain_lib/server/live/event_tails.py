"""The newest events of the runs that clients follow, read once in each process, however many clients follow a run.

While clients follow runs, one statement every `POLL_S` seconds reads what is new in all of them. The newest events are
kept in memory and the followers are woken. Each follower takes events at its own pace: nothing is queued for it, and if
it needs events that are no longer in memory, it reads them from the stored event log.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import ParamSpec, TypeVar

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.tracking import event_log
from veritrain_lib.tracking.event_log import LoggedEvent

P = ParamSpec("P")
T = TypeVar("T")

POLL_S = 0.2
"""Seconds between two looks at what is new."""

SETTLE_S = 2.0
"""Seconds between two checks that the process which owns the run still lives, or that the database is back."""

MAX_KEPT_EVENTS = 2_000
"""Maximum number of events of a run that are kept in memory, and that are read at once."""

FOLLOWER_EVENTS = 200
"""Maximum number of events that a follower takes at once."""


@dataclass
class EventTail:
    """The newest events of one run, kept for all clients of this process that follow the run.

    Attributes:
        run_id: Id of the run.
        settle: Function that closes the run if its owner process has died, called in a thread; None to check nothing.
        events: The newest events, oldest first.
        changed: Condition that is notified when there are new events or an error.
        started: Event that is set when all events that there were at the beginning are read.
        followers: Number of clients that follow the run.
        task: The asyncio task that reads these events, and then calls `settle` every `SETTLE_S` seconds.
        error: Exception that ended the reading; None while it goes on.
    """

    run_id: str
    settle: Callable[[], None] | None = None
    events: deque[LoggedEvent] = field(default_factory=lambda: deque(maxlen=MAX_KEPT_EVENTS))
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    followers: int = 0
    task: asyncio.Task[None] | None = None
    error: BaseException | None = None

    async def watch(self) -> None:
        """Read the run's events so far, then call `settle` every `SETTLE_S` seconds until the task is cancelled.

        An error of `settle` is only logged. While the database can't be reached, reading is tried again; any other error
        ends this asyncio task and is raised to the followers.
        """
        try:
            await self._settle()
            # A long history is read in parts, since only its newest part is kept.
            while new := await _read(event_log.read, self.run_id, self.last, MAX_KEPT_EVENTS):
                self.events.extend(new)
            self.started.set()
            while True:
                await asyncio.sleep(SETTLE_S)
                await self._settle()
        except Exception as error:  # noqa: BLE001 (followers get the error; they must not wait for ever)
            await self.fail(error)

    async def add(self, events: Iterable[LoggedEvent]) -> None:
        """Keep new events and wake the followers."""
        async with self.changed:
            self.events.extend(events)
            self.changed.notify_all()

    async def fail(self, error: BaseException) -> None:
        """Store the error that ended the reading; each follower raises it once it has all events read before."""
        async with self.changed:
            self.error = error
            self.started.set()
            self.changed.notify_all()

    async def _settle(self) -> None:
        """Call `settle`, and log a warning if it fails, for example because the database is busy."""
        try:
            if self.settle is not None:
                await asyncio.to_thread(self.settle)
        except Exception as error:  # noqa: BLE001 (a database that is busy now is queried again)
            logging.getLogger(__name__).warning("run %s could not be checked: %s", self.run_id, error)

    async def wait_for_event(self, number: int, *, or_end: bool) -> None:
        """Wait until there is an event with a number above `number`, or reading has failed.

        Args:
            number: Number of the last event that the follower has.
            or_end: Whether to return also when the run has ended.
        """

        def is_met() -> bool:
            return self.last > number or self.error is not None or (or_end and self.has_ended)

        async with self.changed:
            await self.changed.wait_for(is_met)

    @property
    def has_ended(self) -> bool:
        """Return whether the newest event states that the run has ended."""
        return bool(self.events and self.events[-1].data.get(event_log.ENDED_KEY))

    @property
    def last(self) -> int:
        """Return the number of the newest event; 0 if there is none."""
        return self.events[-1].seq if self.events else 0


class EventTails:
    """The newest events of all runs that clients of this process follow."""

    def __init__(self) -> None:
        self._tails: dict[str, EventTail] = {}
        self._poller: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def open(self, run_id: str, settle: Callable[[], None] | None = None) -> AsyncIterator[EventTail]:
        """Return an async context manager that gives the shared events of a run as an `EventTail`.

        The events are read for as long as at least one caller has its context open.

        Args:
            run_id: Id of the run.
            settle: Function that closes the run if its owner process has died, called in a thread; None to check
                nothing.
        """
        tail = self._tails.get(run_id)
        if tail is None:
            tail = self._tails[run_id] = EventTail(run_id, settle)
            tail.task = asyncio.create_task(tail.watch(), name=f"tail of {run_id[:8]}")
        if self._poller is None:
            self._poller = asyncio.create_task(self._poll(), name="new events")
        tail.followers += 1
        try:
            await tail.started.wait()
            yield tail
        finally:
            tail.followers -= 1
            if not tail.followers and tail.task is not None:
                del self._tails[run_id]
                tail.task.cancel()
            if not self._tails and self._poller is not None:
                self._poller.cancel()
                self._poller = None

    async def _poll(self) -> None:
        """Read what is new in all runs that are followed, every `POLL_S` seconds until this asyncio task is cancelled."""
        while True:
            await asyncio.sleep(POLL_S)
            tails = {
                tail.run_id: tail for tail in self._tails.values() if tail.started.is_set() and not tail.error
            }
            if not tails:
                continue
            try:
                known = {run_id: tail.last for run_id, tail in tails.items()}
                newer = await _read(event_log.read_newer, known, MAX_KEPT_EVENTS)
            except Exception as error:  # noqa: BLE001 (followers get the error; they must not wait for ever)
                for tail in tails.values():
                    await tail.fail(error)
                continue
            for run_id, events in newer.items():
                await tails[run_id].add(events)

    async def follow(
        self, run_id: str, after: int, *, settle: Callable[[], None] | None = None, until_end: bool = True
    ) -> AsyncIterator[LoggedEvent]:
        """Yield the events of a run after a number, each once and in order, then new ones as they come.

        Args:
            run_id: Id of the run.
            after: Number of the last event that the follower has; 0 for none.
            settle: Function that closes the run if its owner process has died, called in a thread; None to check
                nothing.
            until_end: Whether to stop after the last event if that states the end of the run.

        Raises:
            Exception: The exception that reading the events raised.
        """
        async with self.open(run_id, settle) as tail:
            while True:
                await tail.wait_for_event(after, or_end=until_end)
                if tail.last <= after and tail.error:
                    raise tail.error
                if tail.last <= after:
                    return
                if tail.events[0].seq > after + 1:
                    events = await _read(event_log.read, run_id, after, FOLLOWER_EVENTS)
                else:
                    skipped = bisect_right(tail.events, after, key=attrgetter("seq"))
                    events = list(islice(tail.events, skipped, skipped + FOLLOWER_EVENTS))
                for event in events:
                    yield event
                    after = event.seq
                    if until_end and event.data.get(event_log.ENDED_KEY) and after == tail.last:
                        return


async def _read(read: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Call a function that reads events in a thread, and again while the database can't be reached.

    A follower then only waits: its client need not notice that the database was restarted.
    """
    while True:
        try:
            return await asyncio.to_thread(read, *args, **named)
        except Infrastructure as error:
            logging.getLogger(__name__).warning("events can't be read, which is tried again: %s", error)
            await asyncio.sleep(SETTLE_S)


EVENT_TAILS = EventTails()
"""The events that clients of this process follow."""
