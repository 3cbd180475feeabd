"""Run asynchronous work so that Ctrl-C, SIGTERM and SIGHUP stop it in order.

The work runs in a thread of its own with an event loop of its own. So it can be
started from anywhere (a script, a Celery worker, a Jupyter cell whose thread
already runs a loop), and a signal never lands in the middle of saving a file: it
only sets a flag, which the work waits on.
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


class Stop:
    """A request to stop that can be made from a signal handler or another thread.

    The first request is polite; a second one means at once.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        """Who asked first: a signal's name, or the type of `error`."""
        self.error: BaseException | None = None
        """What `on_event`, or a foreign signal handler, raised in the caller's thread."""
        self.times = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = asyncio.Event()
        self._asked_again = asyncio.Event()

    def request(self, reason: str) -> None:
        """Ask the work to stop because of `reason`; may be called at any time, from any thread."""
        self.times += 1
        self.reason = self.reason or reason
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell)

    def attach(self) -> None:
        """Deliver requests to the running event loop, one made before included."""
        self._loop = asyncio.get_running_loop()
        self._tell()

    def _tell(self) -> None:
        if self.times >= 1:
            self._asked.set()
        if self.times >= 2:
            self._asked_again.set()

    def raise_if_asked(self) -> None:
        """Raise what asked: `error`, or KeyboardInterrupt for a signal; also when it came too late to matter."""
        if self.error is not None:
            raise self.error
        if self.reason is not None:
            raise KeyboardInterrupt(self.reason)

    async def asked(self) -> None:
        """Return once a stop was asked for."""
        await self._asked.wait()

    async def asked_again(self) -> None:
        """Return once it was asked for twice."""
        await self._asked_again.wait()


class _Done:
    """Marks the end of the work in the event queue."""


def run_stoppable(
    work: Callable[[Stop, Callable[[E], None]], Coroutine[Any, Any, T]],
    on_event: Callable[[E], None] | None = None,
) -> tuple[T, Stop]:
    """Run `work(stop, emit)` to its end and give back its result and its `Stop`.

    Args:
        work: Has to watch `stop` and come to an end soon after it is asked.
        on_event: Called in the caller's thread, in order, with whatever `work` emits
            (MLflow's active run, for one, belongs to a thread). If it raises, the
            work is asked to stop.

    Returns:
        The result, and the stop: raise `stop.error` if there is one, and look at
        `stop.reason` for a signal, which does not raise here.

    Raises:
        BaseException: What `work` raised.
    """
    stop = Stop()
    events: queue.SimpleQueue[E | _Done] = queue.SimpleQueue()
    results: list[T] = []
    failures: list[BaseException] = []

    async def attached() -> T:
        stop.attach()
        return await work(stop, events.put)

    def body() -> None:
        try:
            results.append(asyncio.run(attached()))
        except BaseException as error:  # noqa: BLE001  # raised in the caller's thread below
            failures.append(error)
        finally:
            events.put(_Done())

    def deliver_until_done() -> None:
        while not isinstance(event := events.get(), _Done):
            if on_event is not None and stop.error is None:
                on_event(event)

    with _signals_ask(stop):
        thread = threading.Thread(target=body, name="notebook", daemon=True)
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
def _signals_ask(stop: Stop) -> Iterator[None]:
    """Turn the signals that end a process into requests to stop, for a while.

    Only the main thread can, and only handlers nobody has changed are replaced: a
    server or a worker that brings its own knows better.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(signum: int, frame: FrameType | None) -> None:
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
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, default in replaced.items():
            signal.signal(number, default)
