"""Functions that run a batch of chat requests on an event loop in a background thread.

The calling thread meanwhile reports progress and runs the callbacks. A separate thread is needed because the
calling thread may be running an event loop already (a notebook cell), and because callbacks need the calling
thread: MLflow's active run, for example, belongs to a thread.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping

from veritrain_lib.llm.batch import Batch
from veritrain_lib.llm.records import ChatProgress, ChatRequest, Reply

ReplyCallback = Callable[[ChatRequest, Reply], None]

POLL_INTERVAL_S = 0.05
"""Seconds between two checks for new replies in the calling thread."""
INTERRUPT_GRACE_S = 5.0
"""Seconds that requests in flight get to complete after Ctrl-C, because they are paid for in any case."""


class ProgressReporter:
    """Counter of a batch's replies that calls the caller's progress callback."""

    def __init__(self, total: int, stored: int, report: Callable[[ChatProgress], None] | None) -> None:
        self._total, self._done, self._fresh, self._cost = total, stored, 0, 0.0
        self._report = report
        self._start = time.monotonic()

    def count(self, reply: Reply) -> None:
        """Count one more reply of the batch, with its cost unless the reply was stored before."""
        self._done += 1
        self._fresh += 1
        self._cost += 0.0 if reply.stored else reply.cost

    def show(self, last: bool) -> None:
        """Call the progress callback if new replies have been counted or this is the last report.

        Args:
            last: Whether this is the last report of the batch.
        """
        if self._report is None or (self._fresh == 0 and not last):
            return
        rate = self._fresh / max(1e-9, time.monotonic() - self._start)
        left = (self._total - self._done) / rate if rate else None
        self._report(ChatProgress(self._done, self._total, rate, self._cost, left))


class _BatchThread:
    """Background thread that creates a batch of chat requests and runs it on its own event loop."""

    def __init__(self, make: Callable[[], Batch], pending: Mapping[str, ChatRequest]) -> None:
        self.batch: Batch | None = None
        self.failure: BaseException | None = None
        self.finished = threading.Event()
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
            self.finished.set()

    async def _body(self) -> None:
        self.batch, self._loop = self._make(), asyncio.get_running_loop()
        self._ready.set()
        await self.batch.run(self._pending)

    def end(self) -> None:
        """Stop the batch after Ctrl-C or an error in a callback.

        No new requests are sent. Requests in flight get `INTERRUPT_GRACE_S` seconds to complete, then they
        are cancelled.
        """
        if self.batch is not None and self._loop is not None:
            for step in (self.batch.stop, self._cancel):
                if not self.finished.is_set() and not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(step)
                    self.finished.wait(INTERRUPT_GRACE_S)

    def _cancel(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()


def run_batch(
    make: Callable[[], Batch],
    pending: Mapping[str, ChatRequest],
    progress: ProgressReporter,
    on_reply: ReplyCallback | None,
) -> dict[str, Reply]:
    """Send a batch of chat requests in a background thread and return the replies by digest.

    Args:
        make: Creates the batch; called in the background thread.
        pending: Requests to send, by digest.
        progress: Counts the replies and reports progress.
        on_reply: Called in the calling thread for every reply; None for no callback.

    Raises:
        Exception: The error that ended the batch.
    """
    running = _BatchThread(make, pending)

    def deliver(last: bool) -> None:
        while running.batch is not None and running.batch.fresh:
            request, reply = running.batch.fresh.popleft()
            progress.count(reply)
            if on_reply is not None:
                on_reply(request, reply)
        progress.show(last)

    try:
        while not running.finished.wait(POLL_INTERVAL_S):
            deliver(last=False)
        deliver(last=True)
    except BaseException:
        running.end()
        raise
    finally:
        running.thread.join(INTERRUPT_GRACE_S)
    error = running.failure or (running.batch.error if running.batch is not None else None)
    if error is not None:
        raise error
    return running.batch.replies if running.batch is not None else {}
