"""Background thread that does all of a process's writing to the ledger of paid answers, off the event loop.

Everything that was queued since the last write goes into one transaction (group commit). Once a write is
confirmed, it survives the death of the process. While a shared database can't be reached, a transaction is
repeated; the functions in it must therefore be safe to run twice.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.llm.ledger_store import AWAY_S, Connection, LedgerStore, roll_back

logger = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[Connection], Any]

MAX_WRITES_PER_TRANSACTION = 256
"""Maximum number of writes that are put into one transaction."""
BEAT_S = 5.0
"""Seconds between two heartbeats of a process with requests in flight, where several machines share the ledger."""
RETRY_PAUSE_S = 0.5
"""Seconds between two attempts to write while the database can't be reached."""


class _WriteJob:
    __slots__ = ("done", "error", "loop", "result", "work")

    def __init__(self, work: Work, loop: asyncio.AbstractEventLoop | None, done: Any) -> None:
        self.work, self.loop, self.done = work, loop, done
        self.result: Any = None
        self.error: Exception | None = None


class LedgerWriter:
    """Thread that runs small functions on one connection to the ledger's database, in order, several per transaction.

    A function must not begin or end a transaction itself. If one function fails, the whole transaction is
    rolled back and the callers of all its functions get the error.

    Attributes:
        owners: Owners of claims in this process, for which heartbeats are written.
    """

    def __init__(self, store: LedgerStore) -> None:
        self.owners: set[str] = set()
        self._store = store
        self._connection: Connection | None = None
        self._beat_at = time.monotonic()
        self._jobs: queue.SimpleQueue[_WriteJob | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run a function on the ledger's connection from a coroutine, and return its result once it is committed.

        Raises:
            Infrastructure: The ledger can't be written.
            Exception: The function failed, or another one in the same transaction; nothing of it was stored.
        """
        loop = asyncio.get_running_loop()
        job = _WriteJob(work, loop, loop.create_future())
        self._jobs.put(job)
        await job.done
        result: T = self._result(job)
        return result

    def run_sync(self, work: Callable[[Connection], T]) -> T:
        """Run a function on the ledger's connection, and return its result once it is committed.

        This is `run` for a thread without an event loop.

        Raises:
            Infrastructure: The ledger can't be written.
            Exception: The function failed, or another one in the same transaction; nothing of it was stored.
        """
        job = _WriteJob(work, None, threading.Event())
        self._jobs.put(job)
        job.done.wait()
        result: T = self._result(job)
        return result

    def close(self) -> None:
        """Write everything that is queued, then end the ledger's writing thread."""
        self._jobs.put(None)
        self._thread.join()

    def _result(self, job: _WriteJob) -> Any:
        if job.error is not None and self._store.is_fault(job.error):
            where = "the database" if self._store.shared else "the disk"
            raise Infrastructure(
                f"the ledger {self._store.name} can't be written: {job.error}. Answers so far are kept; check {where}"
            ) from job.error
        if job.error is not None:
            raise job.error
        return job.result

    def _run(self) -> None:
        open_ = True
        while open_:
            jobs, open_ = self._next_jobs()
            if jobs:
                try:
                    self._write_until_done(jobs)
                except Exception as error:  # noqa: BLE001  # passed to every waiting caller
                    for job in jobs:
                        job.error = error
                _notify(jobs)
            self._beat_if_due()
        self._disconnect()

    def _next_jobs(self) -> tuple[list[_WriteJob], bool]:
        """Wait until writes are queued or a heartbeat is due.

        Returns:
            The queued writes, at most `MAX_WRITES_PER_TRANSACTION` and none if only a heartbeat is due, and
            whether more may follow (False after `close`).
        """
        jobs: list[_WriteJob] = []
        try:
            job = self._jobs.get(timeout=BEAT_S if self._store.shared else None)
            while job is not None:
                jobs.append(job)
                if len(jobs) >= MAX_WRITES_PER_TRANSACTION:
                    return jobs, True
                job = self._jobs.get_nowait()
        except queue.Empty:
            return jobs, True
        return jobs, False

    def _beat_if_due(self) -> None:
        if not self._store.shared or not self.owners or time.monotonic() - self._beat_at < BEAT_S:
            return
        self._beat_at = time.monotonic()
        try:
            self._write([_WriteJob(lambda connection: self._store.beat(connection, self.owners), None, None)])
        except Exception as error:  # noqa: BLE001  # nobody waits for a beat, and the next one tries again
            self._disconnect()
            logger.warning("the ledger's heartbeat was not stored, and is tried again: %s", error)

    def _write_until_done(self, jobs: list[_WriteJob]) -> None:
        deadline = time.monotonic() + AWAY_S
        while True:
            try:
                self._write(jobs)
            except Exception as error:
                if not self._store.is_away(error) or time.monotonic() > deadline:
                    raise
                self._disconnect()
                time.sleep(RETRY_PAUSE_S)
            else:
                return

    def _write(self, jobs: list[_WriteJob]) -> None:
        self._connection = connection = self._connection or self._store.connect()
        self._store.begin(connection)
        try:
            for job in jobs:
                job.result = job.work(connection)
            connection.execute("COMMIT")
        except BaseException:
            roll_back(connection)
            raise

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


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
