"""Storage for the progress of fine-tuning jobs, written before each next step so that nothing is paid for twice.

It is an SQLite file or, where machines share a tracking store, a table beside the ledger in PostgreSQL.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from veritrain_lib.core import claims, project
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.llm import shared_database
from veritrain_lib.llm.ledger_store import Connection, PostgresStore, roll_back

TABLE = """CREATE TABLE IF NOT EXISTS tuning (
    key TEXT PRIMARY KEY, address TEXT NOT NULL, base TEXT NOT NULL, file_id TEXT, intended REAL,
    job_id TEXT, status TEXT, model TEXT, trained_tokens INTEGER, cost REAL, changed REAL NOT NULL)"""
FIELDS = ("file_id", "intended", "job_id", "status", "model", "trained_tokens", "cost")


@dataclass(frozen=True)
class TuningState:
    """Stored progress of a fine-tuning job; a field is None until its step is reached.

    Attributes:
        key: `TuningJobSpec.key`.
        file_id: The provider's id of the uploaded training file.
        intended: Time just before the request that creates the job, in seconds since 1970. If it is set and `job_id`
            is None, a job may exist at the provider whose id is not known here.
        job_id: The provider's id of the job.
        status: Last known status of the job.
        model: Name of the tuned model.
        trained_tokens: Number of tokens trained on.
        cost: The cost estimate that was allowed, in US dollars.
    """

    key: str
    file_id: str | None = None
    intended: float | None = None
    job_id: str | None = None
    status: str | None = None
    model: str | None = None
    trained_tokens: int | None = None
    cost: float | None = None


def tuning_record_path() -> Path:
    """Return the path of the SQLite file of fine-tuning jobs: `.veritrain/fine_tuning.db` in the project's folder."""
    return project.state("fine_tuning.db")


def open_tuning_record() -> TuningRecord:
    """Open the project's storage for the progress of fine-tuning jobs: an SQLite file or the shared database."""
    url = shared_database.address()
    return SharedTuningRecord(url) if url else TuningRecord(tuning_record_path())


class TuningRecord:
    """SQLite file with the progress of fine-tuning jobs; each `save` is on the disk when it returns.

    Every method raises Infrastructure when the file can't be opened or written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with self._open() as base:
                base.execute(TABLE)
        except OSError as error:
            raise Infrastructure(f"the record of fine-tuning jobs {file} can't be made: {error}") from error

    def state(self, key: str) -> TuningState:
        """Return the stored progress of a fine-tuning job; all fields but the key are None if nothing is stored."""
        with self._open() as base:
            row = base.execute(f"SELECT {', '.join(FIELDS)} FROM tuning WHERE key = ?", (key,)).fetchone()
        return TuningState(key, *row) if row else TuningState(key)

    def save(
        self, key: str, address: str, base_model: str, **fields: str | float | int | None
    ) -> TuningState:
        """Store some fields of a fine-tuning job's progress and return the new state; other fields stay as they are.

        Args:
            key: `TuningJobSpec.key`.
            address: Address of the model.
            base_model: Name of the model that is tuned.
            fields: Fields of `TuningState` with their new values.
        """
        unknown = sorted(set(fields) - set(FIELDS))
        if unknown:
            raise ValueError(f"unknown fields of a tuning job: {unknown}")
        names = list(fields)
        columns = ", ".join(["key", "address", "base", "changed", *names])
        marks = ", ".join("?" * (4 + len(names)))
        updates = ", ".join(f"{name} = excluded.{name}" for name in ["changed", *names])
        with self._open() as base:
            base.execute(
                f"INSERT INTO tuning ({columns}) VALUES ({marks}) ON CONFLICT (key) DO UPDATE SET {updates}",
                (key, address, base_model, time.time(), *fields.values()),
            )
        return self.state(key)

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Hold a lock on a fine-tuning job (a context manager), so that no other process uploads its file or creates it.

        If another process holds the lock, the call waits and prints for whom. The lock of a killed process is
        released.
        """
        with claims.claim(f"fine-tuning {key}", "starting this fine-tuning job"):
            yield

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        try:
            with closing(sqlite3.connect(self._file, timeout=20)) as base:
                base.execute("PRAGMA synchronous=FULL")
                with base:
                    yield base
        except sqlite3.Error as error:
            raise Infrastructure(f"the record of fine-tuning jobs {self._file}: {error}") from error


LOCK_POLL_S = 1.0
"""Seconds between two attempts to lock a fine-tuning job while another process holds the lock."""


class SharedTuningRecord(TuningRecord):
    """Progress of fine-tuning jobs in the PostgreSQL database that several machines share.

    A job is locked by a session of the database, and progress is saved in that same session. A process that
    has lost its lock, for example because the database was restarted, therefore can't save anything and can't
    order a job.
    """

    def __init__(self, url: str) -> None:
        self._store = PostgresStore(url)
        self._locking: Connection | None = None

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Hold a lock on a fine-tuning job against processes of all machines; see `TuningRecord.lock`."""
        with self._connection() as connection:
            lock = "SELECT pg_try_advisory_lock(hashtextextended(?, 0))"
            waited = False
            while not connection.execute(lock, [f"fine-tuning {key}"]).fetchone()[0]:
                if not waited:
                    waited = True
                    print(
                        "veritrain: waiting for another process that starts this fine-tuning job",
                        file=sys.stderr,
                    )
                time.sleep(LOCK_POLL_S)
            self._locking = connection
            try:
                yield
            finally:
                self._locking = None

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        if self._locking is not None:
            with self._faults():
                yield self._locking
        else:
            with self._connection() as connection:
                yield connection

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with self._faults():
            connection = self._store.connect()
            try:
                yield connection
            finally:
                roll_back(connection)
                connection.close()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not self._store.is_fault(error) or isinstance(error, OSError):
                raise
            raise Infrastructure(
                f"the record of fine-tuning jobs {self._store.name}: {error}. Run the same command again"
            ) from error
