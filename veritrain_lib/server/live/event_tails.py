"""Shared readers of the runs' event files: one reader for each run and process, however many clients follow the run.

A reader polls the file every `POLL_S` seconds while at least one client follows the run. It keeps the newest lines in
memory and wakes its followers. Each follower takes lines at its own pace: nothing is queued for it, and if it needs
lines that are no longer in memory, it reads them from the file.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import islice

from veritrain_lib.core import event_log
from veritrain_lib.core.event_log import LoggedEvent

POLL_S = 0.2
"""Seconds between two reads of a file."""

SETTLE_S = 2.0
"""Seconds between two checks that the process which owns the run still lives."""

MAX_KEPT_LINES = 2_000
"""Maximum number of lines that a reader keeps in memory."""

READ_LINES = 200
"""Maximum number of lines that a follower takes at once."""


@dataclass
class EventTail:
    """Reader of one run's event file, which keeps the newest lines for all clients of this process that follow the run.

    Attributes:
        run_id: Id of the run.
        settle: Function that closes the run if its owner process has died, called in a thread; None to check nothing.
        lines: The newest lines, oldest first.
        changed: Condition that is notified when there are new lines or an error.
        started: Event that is set after the first read.
        followers: Number of clients that follow the run.
        task: The asyncio task that reads the file.
        error: Exception that ended the reading; None while it goes on.
    """

    run_id: str
    settle: Callable[[], None] | None = None
    lines: deque[LoggedEvent] = field(default_factory=lambda: deque(maxlen=MAX_KEPT_LINES))
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    followers: int = 0
    task: asyncio.Task[None] | None = None
    error: BaseException | None = None

    async def watch(self) -> None:
        """Read new lines of the run's event file until this asyncio task is cancelled.

        An exception ends the reading; it is stored in `error`, so that the followers see it.
        """
        reader = event_log.EventReader(self.run_id)
        clock, settled_at = asyncio.get_running_loop().time, float("-inf")
        try:
            while True:
                if self.settle and clock() - settled_at >= SETTLE_S:
                    settled_at = clock()
                    await self._settle(self.settle)
                # Only the newest lines are kept, so a long history is never in memory as a whole.
                new_lines = await asyncio.to_thread(lambda: deque(reader.new(), maxlen=MAX_KEPT_LINES))
                async with self.changed:
                    self.lines.extend(new_lines)
                    self.started.set()
                    if new_lines:
                        self.changed.notify_all()
                await asyncio.sleep(POLL_S)
        except Exception as error:  # noqa: BLE001 (followers get the error; they must not wait for ever)
            self.error = error
            self.started.set()
            async with self.changed:
                self.changed.notify_all()

    async def _settle(self, settle: Callable[[], None]) -> None:
        """Call `settle`, and log a warning if it fails, for example because the database is busy."""
        try:
            await asyncio.to_thread(settle)
        except Exception as error:  # noqa: BLE001 (a database that is busy now is queried again)
            logging.getLogger(__name__).warning("run %s could not be checked: %s", self.run_id, error)

    async def wait_for_line(self, number: int, *, or_end: bool) -> None:
        """Wait until the file has a line with a number above `number`, or reading it has failed.

        Args:
            number: Number of the last line that the follower has.
            or_end: Whether to return also when the run has ended.
        """

        def is_met() -> bool:
            return self.last > number or self.error is not None or (or_end and self.has_ended)

        async with self.changed:
            await self.changed.wait_for(is_met)

    @property
    def has_ended(self) -> bool:
        """Return whether the newest event states that the run has ended."""
        return bool(self.lines and self.lines[-1].data.get(event_log.ENDED_KEY))

    @property
    def last(self) -> int:
        """Return the number of the newest event line; 0 if there is none."""
        return self.lines[-1].seq if self.lines else 0


class EventTails:
    """Readers of event files in this process: one for each run that a client follows."""

    def __init__(self) -> None:
        self._tails: dict[str, EventTail] = {}

    @contextlib.asynccontextmanager
    async def open(self, run_id: str, settle: Callable[[], None] | None = None) -> AsyncIterator[EventTail]:
        """Open the shared reader of a run's event file; it reads for as long as at least one caller has it open.

        Args:
            run_id: Id of the run.
            settle: Function that closes the run if its owner process has died, called in a thread; None to check
                nothing.
        """
        tail = self._tails.get(run_id)
        if tail is None:
            tail = self._tails[run_id] = EventTail(run_id, settle)
            tail.task = asyncio.create_task(tail.watch(), name=f"tail of {run_id[:8]}")
        tail.followers += 1
        try:
            await tail.started.wait()
            yield tail
        finally:
            tail.followers -= 1
            if not tail.followers and tail.task is not None:
                del self._tails[run_id]
                tail.task.cancel()

    async def follow(
        self, run_id: str, after: int, *, settle: Callable[[], None] | None = None, until_end: bool = True
    ) -> AsyncIterator[LoggedEvent]:
        """Yield the events of a run after a line number, each once and in order, then new ones as they come.

        Args:
            run_id: Id of the run.
            after: Number of the last line that the follower has; 0 for none.
            settle: Function that closes the run if its owner process has died, called in a thread; None to check
                nothing.
            until_end: Whether to stop after the last line if that states the end of the run.

        Raises:
            Exception: The exception that reading the file raised.
        """
        async with self.open(run_id, settle) as tail:
            while True:
                await tail.wait_for_line(after, or_end=until_end)
                if tail.last <= after and tail.error:
                    raise tail.error
                if tail.last <= after:
                    return
                if tail.lines[0].seq > after + 1:
                    lines = await asyncio.to_thread(event_log.read, run_id, after, READ_LINES)
                else:
                    skipped = after + 1 - tail.lines[0].seq
                    lines = list(islice(tail.lines, skipped, skipped + READ_LINES))
                for line in lines:
                    yield line
                    after = line.seq
                    if until_end and line.data.get(event_log.ENDED_KEY) and after == tail.last:
                        return


EVENT_TAILS = EventTails()
"""The readers of event files of this process."""
