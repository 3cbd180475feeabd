"""Ledger of paid chat answers and their cost, shared by threads, processes and machines.

The table `answers` holds every paid answer, raw, by the digest of its request. The table `claims` holds the
requests in flight, with the money reserved for each. A claim is committed before its request is sent, and is
deleted in the same transaction that stores the answer. After a kill, the claims of the dead process are
therefore exactly the requests that may have been paid for without an answer: they move to the table `lost`,
with the money they may have cost. `ledger_store` holds the databases that a ledger can be in.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from veritrain_lib.core import project
from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.llm import shared_database
from veritrain_lib.llm.ledger_store import AWAY_S, Connection, LedgerStore, PostgresStore, SqliteStore
from veritrain_lib.llm.ledger_writer import RETRY_PAUSE_S, LedgerWriter
from veritrain_lib.llm.owner import is_alive, is_process

ROUNDING_TOLERANCE = 1e-9
"""US dollars by which a sum of floats may exceed the cap; far below the price of one token."""

SPENT_SQL = """
SELECT coalesce((SELECT paid FROM accounts WHERE name = ?), 0.0), coalesce((SELECT lost FROM accounts WHERE name = ?), 0.0),
    coalesce((SELECT sum(reserved) FROM claims WHERE account = ?), 0.0)
"""

ClaimResult = Literal["ours", "answered", "theirs", "no money"]


@dataclass(frozen=True)
class StoredAnswer:
    """Answer of a chat model as the ledger stores it: raw response, token counts and cost.

    Attributes:
        digest: Digest of the request.
        status: HTTP status of the response.
        raw: Body of the response.
        seconds: Duration of the request.
        input_tokens: Number of input tokens.
        output_tokens: Number of output tokens.
        cached_tokens: Number of input tokens that were billed as cached.
        cost: Cost in US dollars.
        request: Body of the HTTP request.
        endpoint: Text of `batch_settings.ledger_endpoint`.
        purpose: Purpose of the request, such as `teacher`.
        account: Account that paid.
        characters: Number of characters that were sent.
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
    """Money of one account of the ledger, in US dollars.

    Attributes:
        paid: Money paid for stored answers.
        lost: Money that may have been paid for answers that never arrived.
        reserved: Worst-case cost of the requests in flight.
    """

    paid: float = 0.0
    lost: float = 0.0
    reserved: float = 0.0

    @property
    def total(self) -> float:
        """The most that the account may have spent, in US dollars: paid, lost and reserved money together."""
        return self.paid + self.lost + self.reserved


@dataclass(frozen=True)
class UsageRecord:
    """Usage of one earlier chat request, from which estimates are made: characters, tokens, and duration in seconds."""

    characters: int
    candidates: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    seconds: float


def default_ledger_path() -> Path:
    """Return the path of the project's SQLite ledger of paid answers, `.veritrain/ledger.db`."""
    return project.state("ledger.db")


def store_of(path: Path | None = None) -> LedgerStore:
    """Return the database that holds the ledger of paid answers: an SQLite file, or the shared PostgreSQL database.

    Args:
        path: An SQLite file; None for the project's own ledger.
    """
    url = "" if path is not None else shared_database.address()
    return PostgresStore(url) if url else SqliteStore(path or default_ledger_path())


def exists() -> bool:
    """Return whether the project has a ledger of paid answers, without creating one.

    A shared database counts as a ledger even if nothing has been stored in it yet.
    """
    return bool(shared_database.address()) or default_ledger_path().is_file()


class Ledger:
    """Connection to the ledger of paid chat answers; close it after use, or use it as a context manager."""

    def __init__(self, path: Path | None = None, *, wait: bool = True) -> None:
        """Open the ledger, and create it where it is missing.

        Args:
            path: An SQLite file; None for the project's own ledger (see `store_of`).
            wait: Whether to wait up to `AWAY_S` seconds for a shared database that can't be reached; a
                request to the server should not wait.

        Raises:
            Infrastructure: The ledger can't be opened.
        """
        self._store, self._away_s = store_of(path), AWAY_S if wait else 0.0
        try:
            if isinstance(self._store, SqliteStore):
                Path(self._store.name).parent.mkdir(parents=True, exist_ok=True)
            self._reader = self._connect()
        except Exception as error:
            if not self._store.is_fault(error):
                raise
            raise Infrastructure(f"the ledger {self._store.name} can't be opened: {error}") from error
        self._writer: LedgerWriter | None = None

    def _connect(self) -> Connection:
        """Open a connection for reading.

        A shared database that can't be reached is waited for, if the ledger was opened with `wait`.
        """
        deadline = time.monotonic() + self._away_s
        while True:
            try:
                return self._store.connect()
            except Exception as error:
                if not self._store.is_away(error) or time.monotonic() > deadline:
                    raise
                time.sleep(RETRY_PAUSE_S)

    def _select(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of an SQL query; if the connection was lost, open a new one and run the query again.

        Args:
            sql: The query, with `?` for each value.
            values: The values.
        """
        try:
            return self._reader.execute(sql, values).fetchall()
        except Exception as error:
            if not self._store.is_away(error):
                raise
        self._reader.close()
        self._reader = self._connect()
        return self._reader.execute(sql, values).fetchall()

    @property
    def writer(self) -> LedgerWriter:
        """The thread that writes to the ledger; it is started by the first write."""
        if self._writer is None:
            self._writer = LedgerWriter(self._store)
        return self._writer

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Finish all pending writes to the ledger and close its database."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._reader.close()

    # -- reading ---------------------------------------------------------------

    def find(self, digests: Iterable[str]) -> dict[str, StoredAnswer]:
        """Return the stored answers of chat requests, by the digest of the request.

        Digests without a stored answer are left out.
        """
        wanted, answers = list(dict.fromkeys(digests)), {}
        for start in range(0, len(wanted), 500):
            batch = wanted[start : start + 500]
            marks = ",".join("?" * len(batch))
            columns = "digest, status, raw, seconds, input_tokens, output_tokens, cached_tokens, cost"
            for row in self._select(f"SELECT {columns} FROM answers WHERE digest IN ({marks})", batch):
                answers[row[0]] = StoredAnswer(*row)
        return answers

    def spent(self, account: str) -> Spending:
        """Return the money that an account of the ledger has spent and reserved; zeros for an unknown account."""
        return Spending(*self._select(SPENT_SQL, [account] * 3)[0])

    def accounts(self) -> list[tuple[str, float]]:
        """Return all accounts of the ledger, sorted by name, each with the US dollars that it has paid."""
        return self._select("SELECT name, paid FROM accounts ORDER BY name")

    def lost(self, account: str | None = None) -> list[tuple[str, str, float]]:
        """Return the chat requests that may have been paid for although no answer arrived, oldest first.

        Args:
            account: Only requests of this account; None for all accounts.

        Returns:
            Digest, reason and worst-case cost in US dollars of each request.
        """
        where, values = ("WHERE account = ?", [account]) if account is not None else ("", [])
        return self._select(f"SELECT digest, reason, reserved FROM lost {where} ORDER BY at", values)

    def lost_among(self, digests: Iterable[str]) -> set[str]:
        """Return those of the given request digests that may have been paid for earlier although no answer arrived."""
        wanted, lost = list(dict.fromkeys(digests)), set()
        for start in range(0, len(wanted), 500):
            batch = wanted[start : start + 500]
            marks = ",".join("?" * len(batch))
            lost |= {
                row[0] for row in self._select(f"SELECT digest FROM lost WHERE digest IN ({marks})", batch)
            }
        return lost

    def usage_records(self, endpoint: str, purpose: str | None, limit: int = 1000) -> list[UsageRecord]:
        """Return the token usage of the latest answered requests to an endpoint, newest first.

        Args:
            endpoint: Text of `batch_settings.ledger_endpoint`.
            purpose: Only requests with this purpose; None for all purposes.
            limit: Maximum number of records to return.
        """
        where, values = ("AND purpose = ?", [purpose]) if purpose is not None else ("", [])
        rows = self._select(
            "SELECT characters, candidates, input_tokens, output_tokens, cached_tokens, seconds FROM answers "
            f"WHERE endpoint = ? AND status = 200 {where} ORDER BY at DESC LIMIT ?",
            [endpoint, *values, limit],
        )
        return [UsageRecord(*row) for row in rows]

    # -- writing ---------------------------------------------------------------

    async def claim(
        self, digest: str, owner: str, account: str, reserved: float, cap: float | None
    ) -> tuple[ClaimResult, Spending]:
        """Claim a chat request, so that no other process sends it, and reserve its worst-case cost, in one transaction.

        Args:
            digest: Digest of the request.
            owner: Name of the claim's owner (see `owner.new_owner`).
            account: Account that pays.
            reserved: Worst-case cost in US dollars.
            cap: Maximum amount in US dollars that the account may spend; None for no cap.

        Returns:
            The result of the claim, and the account's money before it (only with a cap and for the results `ours` and
            `no money`; otherwise zeros). The result is one of: `ours` (the caller may send the request), `answered` (its
            answer has been stored meanwhile), `theirs` (another owner has claimed it), `no money` (the reservation would
            exceed the cap).

        Raises:
            UserError: The ledger is a shared database, and the project's local ledger has not been moved into
                it yet.
        """
        shared = self._store.shared
        if shared and default_ledger_path().is_file():
            raise UserError(
                f"answers that this project has paid for are still in {default_ledger_path()}, where other machines do not "
                "find them: bring them into the shared database first, by: veritrain migrate"
            )
        first = is_process(owner) and owner not in self.writer.owners
        if first:
            self.writer.owners.add(owner)

        def work(connection: Connection) -> tuple[ClaimResult, Spending]:
            if connection.execute("SELECT 1 FROM answers WHERE digest = ?", [digest]).fetchone():
                return "answered", Spending()
            holder = connection.execute("SELECT owner FROM claims WHERE digest = ?", [digest]).fetchone()
            if holder:  # its own, if this transaction was stored before and its connection was lost
                return ("ours" if holder[0] == owner and shared else "theirs"), Spending()
            spent = Spending()
            if cap is not None:
                spent = Spending(*connection.execute(SPENT_SQL, [account] * 3).fetchone())
                if spent.total + reserved > cap + ROUNDING_TOLERANCE:
                    return "no money", spent
            connection.execute(
                "INSERT INTO claims VALUES (?, ?, ?, ?, ?)", [digest, owner, account, reserved, time.time()]
            )
            if first:
                self._store.beat(connection, [owner])
            return "ours", spent

        return await self.writer.run(work)

    async def put(self, answer: StoredAnswer, owner: str) -> None:
        """Store a chat answer, charge its cost and end the request's claim; return once this is committed.

        An answer that is stored already is neither stored nor charged a second time.

        Args:
            answer: The answer with its cost and account.
            owner: Name of the claim's owner.
        """

        def work(connection: Connection) -> None:
            stored = connection.execute(
                f"INSERT INTO answers VALUES ({', '.join('?' * 15)}) ON CONFLICT (digest) DO NOTHING",
                [answer.digest, answer.status, answer.raw, answer.request, answer.endpoint, answer.purpose,
                 answer.account, time.time(), answer.seconds, answer.characters, answer.candidates,
                 answer.input_tokens, answer.output_tokens, answer.cached_tokens, answer.cost],
            )  # fmt: skip
            ended = connection.execute(
                "DELETE FROM claims WHERE digest = ? AND owner = ?", [answer.digest, owner]
            )
            # Neither: this answer was booked already, or its claim counts as lost with the money.
            if stored.rowcount or ended.rowcount:
                charge(connection, answer.account, paid=answer.cost)

        await self.writer.run(work)

    async def mark_lost(self, digest: str, owner: str, reason: str) -> None:
        """Record that a sent chat request may have been paid for although no answer arrived, and end its claim.

        Args:
            digest: Digest of the request.
            owner: Name of the claim's owner.
            reason: Reason why no answer arrived, in words.
        """
        await self.writer.run(
            lambda connection: _mark_lost(connection, "digest = ? AND owner = ?", [digest, owner], reason)
        )

    async def release(self, digest: str, owner: str) -> None:
        """End the claim of a chat request that was certainly not paid for, so that its reserved money is free again."""

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM claims WHERE digest = ? AND owner = ?", [digest, owner])

        await self.writer.run(work)

    def abandon_claims(self, owner: str, reason: str) -> list[str]:
        """End all claims of an owner, record their requests as possibly paid for, and return the digests of the requests.

        A claim marks a request as in flight, so an answer to it may have been billed without having arrived.

        Args:
            owner: Name of the claims' owner.
            reason: Reason why no answer arrived, in words.
        """
        return self.writer.run_sync(lambda connection: _mark_lost(connection, "owner = ?", [owner], reason))

    def recover(self) -> int:
        """End the claims of all dead processes, record their requests as possibly paid for, and return the number of these.

        Each request was in flight when its process died, so it may have been paid for, and will be paid for again
        when it is repeated.
        """
        owners = {row[0] for row in self._select("SELECT DISTINCT owner FROM claims")}
        if not owners:
            return 0
        silent = self._store.silent_owners(self._reader)
        dead = [owner for owner in owners if owner in silent or not is_alive(owner)]
        return sum(len(self.abandon_claims(owner, "its process was killed")) for owner in dead)


def charge(connection: Connection, account: str, *, paid: float = 0.0, lost: float = 0.0) -> None:
    """Add US dollars to an account of the ledger.

    Args:
        connection: Connection to the ledger's database, within a transaction.
        account: Name of the account; it is created if it is missing.
        paid: Money paid for an answer.
        lost: Money that may have been paid for an answer that never arrived.
    """
    connection.execute(
        "INSERT INTO accounts VALUES (?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET paid = accounts.paid + excluded.paid, lost = accounts.lost + excluded.lost",
        [account, paid, lost],
    )


def _mark_lost(connection: Connection, where: str, values: list[str], reason: str) -> list[str]:
    rows = connection.execute(
        f"SELECT digest, account, reserved FROM claims WHERE {where}", values
    ).fetchall()
    for digest, account, reserved in rows:
        connection.execute(
            "INSERT INTO lost VALUES (?, ?, ?, ?, ?)", [digest, account, reserved, reason, time.time()]
        )
        charge(connection, account, lost=reserved)
    connection.execute(f"DELETE FROM claims WHERE {where}", values)
    return [row[0] for row in rows]
