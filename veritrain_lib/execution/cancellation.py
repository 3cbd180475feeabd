"""Run asynchronous work so that Ctrl-C, SIGTERM and SIGHUP stop it in an orderly way.

The work runs in a thread of its own with an event loop of its own. So it can be
started from anywhere (a script, a Celery worker, a Jupyter cell whose thread
already runs a loop), and a signal never lands in the middle of saving a file: it
only sets a flag, which the work waits for.
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
    """A request to stop that can be made from a signal handler or another thread.

    The first request is polite; a second one means "stop at once".

    Attributes:
        reason: Who asked first: a signal's name, or the type of `error`; None while nobody has.
        error: The exception that `on_event`, or a foreign signal handler, raised in the caller's thread.
        count: How often a stop was requested.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self.error: BaseException | None = None
        self.count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._requested = asyncio.Event()
        self._forced = asyncio.Event()

    def request(self, reason: str) -> None:
        """Ask the work to stop; may be called at any time, from any thread.

        Args:
            reason: Who asks: a signal's name, or the type of an exception.
        """
        self.count += 1
        self.reason = self.reason or reason
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._set_events)

    def attach(self) -> None:
        """Deliver requests to the running event loop, including one made before."""
        self._loop = asyncio.get_running_loop()
        self._set_events()

    def _set_events(self) -> None:
        if self.count >= 1:
            self._requested.set()
        if self.count >= 2:
            self._forced.set()

    def raise_if_requested(self) -> None:
        """Raise the cause of the stop, also when the request came too late to matter.

        Raises:
            BaseException: `error`, if there is one.
            KeyboardInterrupt: A signal requested the stop.
        """
        if self.error is not None:
            raise self.error
        if self.reason is not None:
            raise KeyboardInterrupt(self.reason)

    async def wait_requested(self) -> None:
        """Return once a stop was requested."""
        await self._requested.wait()

    async def wait_forced(self) -> None:
        """Return once a stop was requested twice."""
        await self._forced.wait()


class _Done:
    """The mark of the end of the work in the event queue."""


def run_cancellable(
    work: Callable[[StopRequest, Callable[[E], None]], Coroutine[Any, Any, T]],
    on_event: Callable[[E], None] | None = None,
) -> tuple[T, StopRequest]:
    """Run `work(stop, emit)` to its end and return its result and its `StopRequest`.

    Args:
        work: The work. It has to watch `stop` and come to an end soon after a stop is requested.
        on_event: Called in the caller's thread, in order, with whatever `work` emits
            (MLflow's active run, for example, belongs to a thread). If it raises, the
            work is asked to stop.

    Returns:
        The result, and the stop request: raise `stop.error` if there is one, and look at
        `stop.reason` for a signal, which does not raise here.

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
    """Turn the signals that end a process into requests to stop, inside a `with` block.

    Only the main thread can do this, and only default handlers are replaced: a
    server or a worker that has installed its own handlers keeps them.
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
