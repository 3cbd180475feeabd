"""One tail per run and process: whoever follows a run here shares one reading of its file.

A tail looks at the file every `EVERY` seconds while somebody follows it, keeps the newest lines, and wakes its
followers. Each follower takes lines at its own pace: nothing is queued for a slow one, and one that fell behind what
is kept reads the rest of the history itself.
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

EVERY = 0.2
"""Seconds between two looks at a file."""

SETTLE_EVERY = 2.0
"""Seconds between two looks at the record: whether the run's owner still lives."""

KEPT = 2_000
"""Lines that a tail keeps for its followers."""

AT_ONCE = 200
"""Lines of the history that a follower reads at once."""


@dataclass
class Tail:
    """The newest lines of one run. `settle` sets right what a dead owner could not (called in a thread)."""

    run_id: str
    settle: Callable[[], None] | None = None
    lines: deque[LoggedEvent] = field(default_factory=lambda: deque(maxlen=KEPT))
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    followers: int = 0
    task: asyncio.Task[None] | None = None
    failed: BaseException | None = None

    async def watch(self) -> None:
        """Look until cancelled."""
        reader = event_log.Reader(self.run_id)
        clock, settled = asyncio.get_running_loop().time, float("-inf")
        try:
            while True:
                if self.settle and clock() - settled >= SETTLE_EVERY:
                    settled = clock()
                    await self._settle(self.settle)
                # Only the newest are kept, so a long history is never held whole.
                new = await asyncio.to_thread(lambda: deque(reader.new(), maxlen=KEPT))
                async with self.changed:
                    self.lines.extend(new)
                    self.begun.set()
                    if new:
                        self.changed.notify_all()
                await asyncio.sleep(EVERY)
        except Exception as error:  # noqa: BLE001 (followers are told; they must not wait for ever)
            self.failed = error
            self.begun.set()
            async with self.changed:
                self.changed.notify_all()

    async def _settle(self, settle: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(settle)
        except Exception as error:  # noqa: BLE001 (a database that is busy now is asked again)
            logging.getLogger(__name__).warning("run %s could not be looked at: %s", self.run_id, error)

    async def beyond(self, number: int, *, or_end: bool) -> None:
        """Return when there is a line behind this number, the tail has failed, or (`or_end`) the run has ended."""

        def is_so() -> bool:
            return self.last > number or self.failed is not None or (or_end and self.has_ended)

        async with self.changed:
            await self.changed.wait_for(is_so)

    @property
    def has_ended(self) -> bool:
        """Whether the newest line says that the run has ended."""
        return bool(self.lines and self.lines[-1].data.get(event_log.ENDED))

    @property
    def last(self) -> int:
        """The number of the newest line that is known."""
        return self.lines[-1].seq if self.lines else 0


class Tails:
    """The tails of this process, by run."""

    def __init__(self) -> None:
        self._tails: dict[str, Tail] = {}

    @contextlib.asynccontextmanager
    async def of(self, run_id: str, settle: Callable[[], None] | None = None) -> AsyncIterator[Tail]:
        """The run's tail, watched for as long as somebody is in the context."""
        tail = self._tails.get(run_id)
        if tail is None:
            tail = self._tails[run_id] = Tail(run_id, settle)
            tail.task = asyncio.create_task(tail.watch(), name=f"tail of {run_id[:8]}")
        tail.followers += 1
        try:
            await tail.begun.wait()
            yield tail
        finally:
            tail.followers -= 1
            if not tail.followers and tail.task is not None:
                del self._tails[run_id]
                tail.task.cancel()

    async def follow(
        self, run_id: str, after: int, *, settle: Callable[[], None] | None = None, until_end: bool = True
    ) -> AsyncIterator[LoggedEvent]:
        """Every line behind number `after`, in order, each once, then the new ones as they come.

        Ends with the line that says that the run has ended, if no line follows it; with `until_end` False never.
        Raises what reading raised.
        """
        async with self.of(run_id, settle) as tail:
            while True:
                await tail.beyond(after, or_end=until_end)
                if tail.last <= after and tail.failed:
                    raise tail.failed
                if tail.last <= after:
                    return
                if tail.lines[0].seq > after + 1:
                    lines = await asyncio.to_thread(event_log.read, run_id, after, AT_ONCE)
                else:
                    skipped = after + 1 - tail.lines[0].seq
                    lines = list(islice(tail.lines, skipped, skipped + AT_ONCE))
                for line in lines:
                    yield line
                    after = line.seq
                    if until_end and line.data.get(event_log.ENDED) and after == tail.last:
                        return


TAILS = Tails()
"""Those of this process."""
