"""Orderly cancellation of notebook runs by Ctrl-C, SIGTERM and SIGHUP.

The notebooks run in a thread of their own with its own event loop. So they can be started from anywhere: a script, a
Celery worker, or a Jupyter cell whose thread already runs an event loop. A signal never interrupts the saving of a
file: it only sets a flag that the thread waits for.
"""

from __future__ import annotations

import asyncio
import queue
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")
E = TypeVar("E")


class StopRequest:
    """Request to stop the running notebooks, made by a signal handler or another thread.

    The first request lets the running cell clean up; a second one stops it at once.

    Attributes:
        reason: Source of the first request: a signal's name, or the type of `error`; None before any request.
        error: Exception that the caller's event callback, or a signal handler of other code, raised in the caller's
            thread; None if none did.
        count: Number of requests.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self.error: BaseException | None = None
        self.count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._requested = asyncio.Event()
        self._forced = asyncio.Event()

    def request(self, reason: str) -> None:
        """Request the running notebooks to stop; this may be called at any time, from any thread.

        Args:
            reason: Source of the request: a signal's name, or the type of an exception.
        """
        self.count += 1
        self.reason = self.reason or reason
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._set_events)

    def attach(self) -> None:
        """Have stop requests wake the running event loop's waiters from now on; an earlier request wakes them at once."""
        self._loop = asyncio.get_running_loop()
        self._set_events()

    def _set_events(self) -> None:
        if self.count >= 1:
            self._requested.set()
        if self.count >= 2:
            self._forced.set()

    def raise_if_requested(self) -> None:
        """Raise an exception if a stop was requested, even if the notebooks had already ended by then.

        Raises:
            BaseException: `error`, if there is one.
            KeyboardInterrupt: A signal requested the stop.
        """
        if self.error is not None:
            raise self.error
        if self.reason is not None:
            raise KeyboardInterrupt(self.reason)

    async def wait_requested(self) -> None:
        """Wait until a stop is requested."""
        await self._requested.wait()

    async def wait_forced(self) -> None:
        """Wait until a stop is requested for the second time, which means: stop at once."""
        await self._forced.wait()


class _Done:
    """Last item in the event queue, which says that the thread's work has ended."""


def run_cancellable(
    work: Callable[[StopRequest, Callable[[E], None]], Coroutine[Any, Any, T]],
    on_event: Callable[[E], None] | None = None,
) -> tuple[T, StopRequest]:
    """Run a coroutine function in a thread so that signals can stop it, and deliver its events in the caller's thread.

    It is called as `work(stop, emit)`.

    Args:
        work: The coroutine function. It must watch `stop`, a `StopRequest`, and end soon after a stop is requested.
        on_event: Called in the caller's thread, in order, with each event that `work` emits; it must be that thread
            because, for example, MLflow's active run belongs to a thread. If it raises, a stop is requested.

    Returns:
        The result of `work`, and the `StopRequest`. Neither its `error` nor a signal raises here; call
        `raise_if_requested` for that.

    Raises:
        BaseException: The exception that `work` raised.
    """
    stop = StopRequest()
    events: queue.SimpleQueue[E | _Done] = queue.SimpleQueue()
    results: list[T] = []
    failures: list[BaseException] = []

    async def attach_and_work() -> T:
        stop.attach()
        return await work(stop, events.put)

    def run_in_thread() -> None:
        try:
            results.append(asyncio.run(attach_and_work()))
        except BaseException as error:  # noqa: BLE001  # raised in the caller's thread below
            failures.append(error)
        finally:
            events.put(_Done())

    def deliver_until_done() -> None:
        while not isinstance(event := events.get(), _Done):
            if on_event is not None and stop.error is None:
                on_event(event)

    with _signals_request_stop(stop):
        thread = threading.Thread(target=run_in_thread, name="notebook", daemon=True)
        thread.start()
        try:
            deliver_until_done()
        except BaseException as error:  # noqa: BLE001  # kept for the caller to raise
            stop.error = error
            stop.request(type(error).__name__)
            deliver_until_done()
        thread.join()
    if failures:
        raise failures[0]
    return results[0], stop


@contextmanager
def _signals_request_stop(stop: StopRequest) -> Iterator[None]:
    """Replace the handlers of Ctrl-C, SIGTERM and SIGHUP inside a `with` block by one that requests a stop.

    Only the main thread can do this, and only Python's default handlers are replaced: a server or a Celery worker that
    has installed its own handlers keeps them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def request_stop(signum: int, frame: FrameType | None) -> None:
        stop.request(signal.Signals(signum).name)

    untouched = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    replaced = {
        number: default for number, default in untouched.items() if signal.getsignal(number) == default
    }
    for number in replaced:
        signal.signal(number, request_stop)
    try:
        yield
    finally:
        for number, default in replaced.items():
            signal.signal(number, default)
