"""The ledger of paid answers: one SQLite file that several threads and processes may share.

`answers` holds what was paid for, raw, by the digest of its request. `claims` holds the requests in flight with
the money reserved for each; a claim is committed before the request is sent and is deleted in the same
transaction that stores the answer. So after a kill the claims of a dead process are exactly the requests that
may have been paid for without an answer: they move to `lost`, with the money they may have cost.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from veritrain_lib.core import project
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.llm.owner import is_alive
from veritrain_lib.llm.sqlite_writer import SqliteWriter, connect

TABLES = """
CREATE TABLE IF NOT EXISTS answers (
    digest TEXT PRIMARY KEY, status INTEGER NOT NULL, raw TEXT NOT NULL, request TEXT NOT NULL,
    endpoint TEXT NOT NULL, purpose TEXT NOT NULL, account TEXT NOT NULL, at REAL NOT NULL, seconds REAL NOT NULL,
    characters INTEGER NOT NULL, candidates INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, cost REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (
    digest TEXT PRIMARY KEY, owner TEXT NOT NULL, account TEXT NOT NULL, reserved REAL NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lost (
    digest TEXT NOT NULL, account TEXT NOT NULL, reserved REAL NOT NULL, reason TEXT NOT NULL, at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, paid REAL NOT NULL, lost REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS lost_by_digest ON lost (digest);
CREATE INDEX IF NOT EXISTS answers_by_use ON answers (endpoint, purpose, at);
"""
ROUNDING_TOLERANCE = 1e-9
"""US dollars by which sums of floats may be off: far below the price of a token."""

ClaimResult = Literal["ours", "answered", "theirs", "no money"]


@dataclass(frozen=True)
class StoredAnswer:
    """An answer as it was paid for.

    Attributes:
        digest: Digest of the request.
        status: HTTP status.
        raw: The HTTP body.
        seconds: Duration of the request.
        input_tokens: Input tokens.
        output_tokens: Output tokens.
        cached_tokens: Input tokens that were cached.
        cost: US dollars.
        request: The HTTP body of the request.
        endpoint: See `batch_settings.ledger_endpoint`.
        purpose: Purpose of the request.
        account: Account that paid.
        characters: Characters that were sent.
        candidates: Number of candidates that were requested.
    """

    digest: str
    status: int
    raw: str
    seconds: float
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost: float
    request: str = ""
    endpoint: str = ""
    purpose: str = ""
    account: str = ""
    characters: int = 0
    candidates: int = 1


@dataclass(frozen=True)
class Spending:
    """The money of an account, in US dollars.

    Attributes:
        paid: Paid for answers.
        lost: Possibly paid for answers that were lost.
        reserved: Reserved for requests in flight.
    """

    paid: float = 0.0
    lost: float = 0.0
    reserved: float = 0.0

    @property
    def total(self) -> float:
        """The most that has been spent."""
        return self.paid + self.lost + self.reserved


@dataclass(frozen=True)
class UsageRecord:
    """The tokens and seconds that one earlier request needed, for estimates."""

    characters: int
    candidates: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    seconds: float


def default_ledger_path() -> Path:
    """Return `.veritrain/ledger.db` in the project's folder."""
    return project.state("ledger.db")


class Ledger:
    """The open ledger file; close it, or use it as a context manager."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_ledger_path()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._reader = connect(self.path)
            self._make()
        except (sqlite3.Error, OSError) as error:
            raise Infrastructure(f"the ledger {self.path} can't be opened: {error}") from error
        self._writer: SqliteWriter | None = None

    def _make(self) -> None:
        existing = self._reader.execute("SELECT count(*) FROM sqlite_master WHERE name = 'answers_by_use'")
        if not existing.fetchone()[0]:
            self._reader.executescript("BEGIN IMMEDIATE;" + TABLES + "COMMIT;")

    @property
    def writer(self) -> SqliteWriter:
        """The thread that writes; it starts with the first write."""
        if self._writer is None:
            self._writer = SqliteWriter(self.path)
        return self._writer

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Finish writing and close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._reader.close()

    # -- reading ---------------------------------------------------------------

    def find(self, digests: Iterable[str]) -> dict[str, StoredAnswer]:
        """Return the stored answers among the digests."""
        wanted, answers = list(dict.fromkeys(digests)), {}
        for start in range(0, len(wanted), 500):
            batch = wanted[start : start + 500]
            marks = ",".join("?" * len(batch))
            columns = "digest, status, raw, seconds, input_tokens, output_tokens, cached_tokens, cost"
            for row in self._reader.execute(
                f"SELECT {columns} FROM answers WHERE digest IN ({marks})", batch
            ):
                answers[row[0]] = StoredAnswer(*row)
        return answers

    def spent(self, account: str) -> Spending:
        """Return what an account has spent and reserved; zeros for an unknown one."""
        return _spent(self._reader, account)

    def accounts(self) -> list[tuple[str, float]]:
        """Return every account with the US dollars that it paid, by name."""
        return list(self._reader.execute("SELECT name, paid FROM accounts ORDER BY name"))

    def lost(self, account: str | None = None) -> list[tuple[str, str, float]]:
        """Return the requests that may have been paid for without an answer.

        Returns:
            Digest, reason and worst cost in US dollars of each.
        """
        where, values = ("WHERE account = ?", [account]) if account is not None else ("", [])
        return list(
            self._reader.execute(f"SELECT digest, reason, reserved FROM lost {where} ORDER BY at", values)
        )

    def lost_among(self, digests: Iterable[str]) -> set[str]:
        """Return the digests whose earlier request may have been paid for without an answer."""
        wanted, lost = list(dict.fromkeys(digests)), set()
        for start in range(0, len(wanted), 500):
            batch = wanted[start : start + 500]
            marks = ",".join("?" * len(batch))
            lost |= {
                row[0]
                for row in self._reader.execute(f"SELECT digest FROM lost WHERE digest IN ({marks})", batch)
            }
        return lost

    def usage_records(self, endpoint: str, purpose: str | None, limit: int = 1000) -> list[UsageRecord]:
        """Return the last answered requests to an endpoint (for a purpose), newest first."""
        where, values = ("AND purpose = ?", [purpose]) if purpose is not None else ("", [])
        rows = self._reader.execute(
            "SELECT characters, candidates, input_tokens, output_tokens, cached_tokens, seconds FROM answers "
            f"WHERE endpoint = ? AND status = 200 {where} ORDER BY at DESC LIMIT ?",
            [endpoint, *values, limit],
        )
        return [UsageRecord(*row) for row in rows]

    # -- writing ---------------------------------------------------------------

    async def claim(
        self, digest: str, owner: str, account: str, reserved: float, cap: float | None
    ) -> tuple[ClaimResult, Spending]:
        """Claim a request and reserve its worst cost, in one step for all processes.

        Returns:
            The result and the account's money. `ours`: send it. `answered`: it is in the ledger by now. `theirs`: a
            living process is asking it. `no money`: the reservation would exceed the cap.
        """

        def work(connection: sqlite3.Connection) -> tuple[ClaimResult, Spending]:
            if connection.execute("SELECT 1 FROM answers WHERE digest = ?", [digest]).fetchone():
                return "answered", Spending()
            if connection.execute("SELECT 1 FROM claims WHERE digest = ?", [digest]).fetchone():
                return "theirs", Spending()
            spent = Spending()
            if cap is not None:
                spent = _spent(connection, account)
                if spent.total + reserved > cap + ROUNDING_TOLERANCE:
                    return "no money", spent
            connection.execute(
                "INSERT INTO claims VALUES (?, ?, ?, ?, ?)", [digest, owner, account, reserved, time.time()]
            )
            return "ours", spent

        return await self.writer.run(work)

    async def put(self, answer: StoredAnswer, owner: str) -> None:
        """Store an answer, settle its account and end its claim; return once it is committed."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [answer.digest, answer.status, answer.raw, answer.request, answer.endpoint, answer.purpose,
                 answer.account, time.time(), answer.seconds, answer.characters, answer.candidates,
                 answer.input_tokens, answer.output_tokens, answer.cached_tokens, answer.cost],
            )  # fmt: skip
            connection.execute("DELETE FROM claims WHERE digest = ? AND owner = ?", [answer.digest, owner])
            _charge(connection, answer.account, paid=answer.cost)

        await self.writer.run(work)

    async def mark_lost(self, digest: str, owner: str, reason: str) -> None:
        """Record that a sent request may be paid for without an answer, and end its claim."""
        await self.writer.run(
            lambda connection: _mark_lost(connection, "digest = ? AND owner = ?", [digest, owner], reason)
        )

    async def release(self, digest: str, owner: str) -> None:
        """End the claim of a request that was certainly not paid for."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM claims WHERE digest = ? AND owner = ?", [digest, owner])

        await self.writer.run(work)

    def abandon_claims(self, owner: str, reason: str) -> list[str]:
        """Record all claims that an owner still holds as possibly paid for, and return their digests."""
        return self.writer.run_sync(lambda connection: _mark_lost(connection, "owner = ?", [owner], reason))

    def recover(self) -> int:
        """Move the claims of dead processes to `lost` and return how many there were.

        Each was in flight when its process died, so it may have been paid for and will be paid for again.
        """
        owners = {row[0] for row in self._reader.execute("SELECT DISTINCT owner FROM claims")}
        dead = [owner for owner in owners if not is_alive(owner)]
        return sum(len(self.abandon_claims(owner, "its process was killed")) for owner in dead)


def _spent(connection: sqlite3.Connection, account: str) -> Spending:
    row = connection.execute("SELECT paid, lost FROM accounts WHERE name = ?", [account]).fetchone()
    reserved = connection.execute(
        "SELECT total(reserved) FROM claims WHERE account = ?", [account]
    ).fetchone()
    paid, lost = row or (0.0, 0.0)
    return Spending(paid, lost, reserved[0])


def _charge(connection: sqlite3.Connection, account: str, *, paid: float = 0.0, lost: float = 0.0) -> None:
    connection.execute(
        "INSERT INTO accounts VALUES (?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET paid = paid + excluded.paid, lost = lost + excluded.lost",
        [account, paid, lost],
    )


def _mark_lost(connection: sqlite3.Connection, where: str, values: list[str], reason: str) -> list[str]:
    rows = connection.execute(
        f"SELECT digest, account, reserved FROM claims WHERE {where}", values
    ).fetchall()
    for digest, account, reserved in rows:
        connection.execute(
            "INSERT INTO lost VALUES (?, ?, ?, ?, ?)", [digest, account, reserved, reason, time.time()]
        )
        _charge(connection, account, lost=reserved)
    connection.execute(f"DELETE FROM claims WHERE {where}", values)
    return [row[0] for row in rows]
