"""Shared readers of the runs' event files: one per run and process, whatever the number of followers.

A tail polls the file every `POLL_S` seconds while somebody follows the run, keeps the newest lines, and wakes its
followers. Each follower takes lines at its own pace: nothing is queued for a slow one, and a follower that fell behind
the kept lines reads the older ones from the file itself.
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
"""Seconds between two checks that the process that owns the run still lives."""

MAX_KEPT_LINES = 2_000
"""Lines that a tail keeps for its followers."""

READ_LINES = 200
"""Lines of the history that a follower reads at once."""


@dataclass
class EventTail:
    """The newest event lines of one run.

    Attributes:
        run_id: Id of the run.
        settle: Closes the run if its owner has died; called in a thread.
        lines: The newest lines.
        changed: Condition that is notified when there are new lines or an error.
        started: Set after the first read.
        followers: Number of followers.
        task: The task that reads the file.
        error: What ended the reading.
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
        """Read new lines until cancelled."""
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
        try:
            await asyncio.to_thread(settle)
        except Exception as error:  # noqa: BLE001 (a database that is busy now is queried again)
            logging.getLogger(__name__).warning("run %s could not be checked: %s", self.run_id, error)

    async def wait_for_line(self, number: int, *, or_end: bool) -> None:
        """Return when there is a line after this number, the tail has failed, or (`or_end`) the run has ended."""

        def is_met() -> bool:
            return self.last > number or self.error is not None or (or_end and self.has_ended)

        async with self.changed:
            await self.changed.wait_for(is_met)

    @property
    def has_ended(self) -> bool:
        """Return whether the newest line states that the run has ended."""
        return bool(self.lines and self.lines[-1].data.get(event_log.ENDED_KEY))

    @property
    def last(self) -> int:
        """Return the number of the newest line, 0 if there is none."""
        return self.lines[-1].seq if self.lines else 0


class EventTails:
    """The tails of this process, by run."""

    def __init__(self) -> None:
        self._tails: dict[str, EventTail] = {}

    @contextlib.asynccontextmanager
    async def open(self, run_id: str, settle: Callable[[], None] | None = None) -> AsyncIterator[EventTail]:
        """Yield the run's tail, which reads its file as long as any follower is in the context."""
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
        """Yield every line after number `after` in order, each once, then new lines as they come.

        Args:
            run_id: Id of the run.
            after: Number of the last line that the follower has.
            settle: Closes the run if its owner has died; called in a thread.
            until_end: Whether to stop at the line that states that the run has ended, if no line follows it.

        Raises:
            Exception: Whatever reading the file raised.
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
"""The tails of this process."""
