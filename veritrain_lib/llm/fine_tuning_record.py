"""The progress of each fine-tuning job on disk, saved before the next step: file, intent, job, model."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from veritrain_lib.core import claims
from veritrain_lib.core.errors import Infrastructure

TABLE = """CREATE TABLE IF NOT EXISTS tuning (
    key TEXT PRIMARY KEY, address TEXT NOT NULL, base TEXT NOT NULL, file_id TEXT, intended REAL,
    job_id TEXT, status TEXT, model TEXT, trained_tokens INTEGER, cost REAL, changed REAL NOT NULL)"""
FIELDS = ("file_id", "intended", "job_id", "status", "model", "trained_tokens", "cost")


@dataclass(frozen=True)
class TuningState:
    """How far a fine-tuning job has come.

    Attributes:
        key: `TuningJobSpec.key`.
        file_id: Id of the uploaded training file.
        intended: When a job was about to be created (seconds since 1970): set without `job_id` it means that a
            job may exist whose id is not known here.
        job_id: The provider's id of the job.
        status: Its last known status.
        model: The tuned model.
        trained_tokens: Tokens that were trained.
        cost: The estimate in US dollars that was allowed.
    """

    key: str
    file_id: str | None = None
    intended: float | None = None
    job_id: str | None = None
    status: str | None = None
    model: str | None = None
    trained_tokens: int | None = None
    cost: float | None = None


class TuningRecord:
    """A small SQLite file; each `save` is on the disk when it returns, so a kill loses nothing.

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
        """Return what is recorded of a job; all fields None if nothing is."""
        with self._open() as base:
            row = base.execute(f"SELECT {', '.join(FIELDS)} FROM tuning WHERE key = ?", (key,)).fetchone()
        return TuningState(key, *row) if row else TuningState(key)

    def save(
        self, key: str, address: str, base_model: str, **fields: str | float | int | None
    ) -> TuningState:
        """Save some fields of a job; the others stay as they are."""
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
        """Lock a job for this process, so that no other one uploads or creates for it.

        A kill releases the lock. A second process waits, and prints for whom.
        """
        with claims.claim(f"fine-tuning {key}", "starting this fine-tuning job"):
            yield

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._file, timeout=20)) as base:
                base.execute("PRAGMA synchronous=FULL")
                with base:
                    yield base
        except sqlite3.Error as error:
            raise Infrastructure(f"the record of fine-tuning jobs {self._file}: {error}") from error
