"""Run a batch on an event loop in a thread of its own, while the caller's thread hears how it goes.

The caller's thread may run a loop already (a notebook cell), and callbacks belong to it: MLflow's active run,
for one, is a thread's.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping

from veritrain_lib.llm.batch import Batch
from veritrain_lib.llm.records import ChatProgress, ChatRequest, Reply

Hook = Callable[[ChatRequest, Reply], None]

LOOK = 0.05
"""Seconds between two looks of the caller's thread at what has arrived."""
GRACE = 5.0
"""Seconds that requests in flight get to come in after Ctrl-C: they are paid for."""


class Progress:
    """Counts what arrives and says so."""

    def __init__(self, total: int, stored: int, tell: Callable[[ChatProgress], None] | None) -> None:
        self._total, self._done, self._fresh, self._cost = total, stored, 0, 0.0
        self._tell = tell
        self._start = time.monotonic()

    def count(self, reply: Reply) -> None:
        """One more reply is there."""
        self._done += 1
        self._fresh += 1
        self._cost += 0.0 if reply.stored else reply.cost

    def show(self, last: bool) -> None:
        """Tell, when there is something new or it is the last time."""
        if self._tell is None or (self._fresh == 0 and not last):
            return
        rate = self._fresh / max(1e-9, time.monotonic() - self._start)
        left = (self._total - self._done) / rate if rate else None
        self._tell(ChatProgress(self._done, self._total, rate, self._cost, left))


class _Running:
    """The batch and its loop, once the thread has made them."""

    def __init__(self, make: Callable[[], Batch], pending: Mapping[str, ChatRequest]) -> None:
        self.batch: Batch | None = None
        self.failure: BaseException | None = None
        self.over = threading.Event()
        self._make, self._pending = make, pending
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.thread = threading.Thread(target=self._run, name="chat", daemon=True)
        self.thread.start()
        self._ready.wait()

    def _run(self) -> None:
        try:
            asyncio.run(self._body())
        except BaseException as error:  # noqa: BLE001  # raised in the caller's thread
            self.failure = error
        finally:
            self._ready.set()
            self.over.set()

    async def _body(self) -> None:
        self.batch, self._loop = self._make(), asyncio.get_running_loop()
        self._ready.set()
        await self.batch.run(self._pending)

    def end(self) -> None:
        """After Ctrl-C or an error in a callback: nothing new is sent, what is in flight may come in."""
        if self.batch is not None and self._loop is not None:
            for step in (self.batch.stop, self._cancel):
                if not self.over.is_set() and not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(step)
                    self.over.wait(GRACE)

    def _cancel(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()


def run_batch(
    make: Callable[[], Batch], pending: Mapping[str, ChatRequest], progress: Progress, on_reply: Hook | None
) -> dict[str, Reply]:
    """Ask what is pending and give the replies by digest. Raises what the batch ended with."""
    running = _Running(make, pending)

    def deliver(last: bool) -> None:
        while running.batch is not None and running.batch.fresh:
            request, reply = running.batch.fresh.popleft()
            progress.count(reply)
            if on_reply is not None:
                on_reply(request, reply)
        progress.show(last)

    try:
        while not running.over.wait(LOOK):
            deliver(last=False)
        deliver(last=True)
    except BaseException:
        running.end()
        raise
    finally:
        running.thread.join(GRACE)
    error = running.failure or (running.batch.error if running.batch is not None else None)
    if error is not None:
        raise error
    return running.batch.replies if running.batch is not None else {}
