"""One thread that writes to a sqlite file for a whole process, off the event loop.

Whatever has gathered since the last write goes into one transaction (group commit). WAL with
synchronous=NORMAL: what is acknowledged survives the death of the process at any moment (not always a power cut).
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from veritrain_lib.core.errors import Infrastructure

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]

WAIT = 25.0
"""Seconds that another process may hold the file before this one gives up."""
TOGETHER = 256
"""Writes in one transaction, at most."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode; transactions are begun by hand."""
    connection = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL. Several who open a new file at once get `locked` here in spite of the timeout."""
    give_up = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.02)


class _Job:
    __slots__ = ("done", "error", "loop", "result", "work")

    def __init__(self, work: Work, loop: asyncio.AbstractEventLoop | None, done: Any) -> None:
        self.work, self.loop, self.done = work, loop, done
        self.result: Any = None
        self.error: Exception | None = None


class Writer:
    """Runs small functions of the connection, in order, each inside a transaction with its neighbours.

    A function must not begin or end transactions itself. If one fails, its whole group is rolled back and
    every one of them gets the error.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work`, from a coroutine; comes back once it is committed.

        Raises Infrastructure when the file can't be written.
        """
        loop = asyncio.get_running_loop()
        job = _Job(work, loop, loop.create_future())
        self._jobs.put(job)
        await job.done
        result: T = self._result(job)
        return result

    def do_now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """As `do`, from a thread without an event loop."""
        job = _Job(work, None, threading.Event())
        self._jobs.put(job)
        job.done.wait()
        result: T = self._result(job)
        return result

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _result(self, job: _Job) -> Any:
        if isinstance(job.error, sqlite3.Error | OSError):
            raise Infrastructure(
                f"the ledger {self._path} can't be written: {job.error}. Answers so far are kept; check the disk"
            ) from job.error
        if job.error is not None:
            raise job.error
        return job.result

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        open_ = True
        while open_:
            jobs: list[_Job] = []
            job = self._jobs.get()
            while True:
                if job is None:
                    open_ = False
                    break
                jobs.append(job)
                if len(jobs) >= TOGETHER:
                    break
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
            if jobs:
                try:
                    connection = connection or connect(self._path)
                    self._write(connection, jobs)
                except Exception as error:  # noqa: BLE001  # handed to everyone who waits
                    for job in jobs:
                        job.error = error
                _tell(jobs)
        if connection is not None:
            connection.close()

    @staticmethod
    def _write(connection: sqlite3.Connection, jobs: list[_Job]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for job in jobs:
                job.result = job.work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _tell(jobs: list[_Job]) -> None:
    waiting: dict[asyncio.AbstractEventLoop, list[Any]] = {}
    for job in jobs:
        if job.loop is None:
            job.done.set()
        else:
            waiting.setdefault(job.loop, []).append(job.done)
    for loop, futures in waiting.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_wake, futures)


def _wake(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
