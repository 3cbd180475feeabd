"""One thread that writes to an SQLite file for a process, off the event loop.

Everything queued since the last write goes into one transaction (group commit). WAL with
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

LOCK_TIMEOUT_S = 25.0
"""Seconds that another process may lock the file before this one gives up."""
MAX_WRITES_PER_TRANSACTION = 256
"""Writes in one transaction, at most."""


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection in autocommit mode; transactions are begun explicitly."""
    connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    _enable_wal(connection)
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def _enable_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL, and retry if it is locked.

    Processes that open a new file together get `locked` here in spite of the timeout.
    """
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


class _WriteJob:
    __slots__ = ("done", "error", "loop", "result", "work")

    def __init__(self, work: Work, loop: asyncio.AbstractEventLoop | None, done: Any) -> None:
        self.work, self.loop, self.done = work, loop, done
        self.result: Any = None
        self.error: Exception | None = None


class SqliteWriter:
    """Runs small functions of the connection, in order, several in one transaction.

    A function must not begin or end transactions itself. If one fails, the whole transaction is rolled back and
    every function in it gets the error.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[_WriteJob | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` from a coroutine; return once it is committed.

        Raises:
            Infrastructure: The file can't be written.
        """
        loop = asyncio.get_running_loop()
        job = _WriteJob(work, loop, loop.create_future())
        self._jobs.put(job)
        await job.done
        result: T = self._result(job)
        return result

    def run_sync(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` from a thread without an event loop, as `run` does."""
        job = _WriteJob(work, None, threading.Event())
        self._jobs.put(job)
        job.done.wait()
        result: T = self._result(job)
        return result

    def close(self) -> None:
        """Write what is queued and end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _result(self, job: _WriteJob) -> Any:
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
            jobs: list[_WriteJob] = []
            job = self._jobs.get()
            while True:
                if job is None:
                    open_ = False
                    break
                jobs.append(job)
                if len(jobs) >= MAX_WRITES_PER_TRANSACTION:
                    break
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
            if jobs:
                try:
                    connection = connection or connect(self._path)
                    self._write(connection, jobs)
                except Exception as error:  # noqa: BLE001  # passed to every waiting caller
                    for job in jobs:
                        job.error = error
                _notify(jobs)
        if connection is not None:
            connection.close()

    @staticmethod
    def _write(connection: sqlite3.Connection, jobs: list[_WriteJob]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for job in jobs:
                job.result = job.work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _notify(jobs: list[_WriteJob]) -> None:
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
