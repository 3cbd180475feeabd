"""Transfer of one machine's ledger and fine-tuning jobs into the PostgreSQL database that several machines share.

Rows that are in the database already are skipped, so the transfer may be run again. The local files are
renamed and kept.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.llm import shared_database
from veritrain_lib.llm.fine_tuning_record import tuning_record_path
from veritrain_lib.llm.ledger import Ledger, charge, default_ledger_path
from veritrain_lib.llm.ledger_store import Connection, PostgresStore, roll_back
from veritrain_lib.llm.owner import is_process

ANSWER_FIELDS = (
    "digest", "status", "raw", "request", "endpoint", "purpose", "account", "at", "seconds", "characters", "candidates",
    "input_tokens", "output_tokens", "cached_tokens", "cost",
)  # fmt: skip
TUNING_FIELDS = (
    "key", "address", "base", "file_id", "intended", "job_id", "status", "model", "trained_tokens", "cost", "changed",
)  # fmt: skip
CENT = 1e-6
"""Smallest amount in US dollars that is transferred when no stored answer explains it; less is a rounding error."""


@dataclass(frozen=True)
class Transferred:
    """Counts of what was transferred from a machine's files into the shared database.

    Attributes:
        answers: Number of paid answers.
        lost: Number of requests that may have been paid for although no answer arrived.
        orders: Number of fine-tuning jobs.
        dollars: Money of these answers and requests, in US dollars.
    """

    answers: int = 0
    lost: int = 0
    orders: int = 0
    dollars: float = 0.0

    def __str__(self) -> str:
        if not (self.answers or self.lost or self.orders):
            return "Paid answers: nothing was left to bring over from this machine's files."
        return (
            f"Paid answers: {self.answers} answers, {self.lost} requests that may have been paid for, and {self.orders} "
            f"fine-tuning jobs (${self.dollars:.4f}) were brought over from this machine's files, which are kept as *.transferred."
        )


def transfer() -> Transferred | None:
    """Move this project's ledger and fine-tuning jobs from local files into the shared database.

    Rows that the database contains already are skipped.

    Returns:
        The counts of transferred rows; None where there is no shared database or no local file.

    Raises:
        Infrastructure: A process on this machine is still using the local ledger, or the database or a file
            can't be used.
    """
    url = shared_database.address()
    ledger_file, tuning_file = default_ledger_path(), tuning_record_path()
    if not url or not (ledger_file.is_file() or tuning_file.is_file()):
        return None
    store = PostgresStore(url)
    try:
        with closing(store.connect()) as connection:
            store.begin(connection)
            try:
                result = _into(connection)
                connection.execute("COMMIT")
            except BaseException:
                roll_back(connection)
                raise
    except Exception as error:
        if not store.is_fault(error) and not isinstance(error, sqlite3.Error):
            raise
        raise Infrastructure(f"paid answers can't be brought over to {store.name}: {error}") from error
    for file in (ledger_file, tuning_file):
        _set_aside(file)
    return result


def _set_aside(file: Path) -> None:
    """Rename a local file whose rows are in the shared database; until then every new paid request is refused."""
    if not file.is_file():
        return
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    aside = file.with_name(f"{file.name}.transferred")
    file.rename(aside if not aside.exists() else file.with_name(f"{aside.name}-{time.time_ns()}"))


def _into(connection: Connection) -> Transferred:
    answers = lost = orders = 0
    dollars = 0.0
    if default_ledger_path().is_file():
        with Ledger(default_ledger_path()) as ledger:
            ledger.recover()
        with closing(sqlite3.connect(default_ledger_path())) as file:
            answers, lost, dollars = _ledger(connection, file)
    if tuning_record_path().is_file():
        with closing(sqlite3.connect(tuning_record_path())) as file:
            rows = file.execute(f"SELECT {', '.join(TUNING_FIELDS)} FROM tuning")
            orders = sum(_insert(connection, "tuning", row, "key") for row in rows)
    return Transferred(answers, lost, orders, dollars)


def _ledger(connection: Connection, file: sqlite3.Connection) -> tuple[int, int, float]:
    claims = file.execute("SELECT digest, owner, account, reserved, at FROM claims").fetchall()
    if any(is_process(owner) for _, owner, *_ in claims):
        raise Infrastructure(
            "a process on this machine is asking a paid model and uses the old ledger: wait until it has ended, then run "
            "the same command again"
        )
    answers = lost = 0
    dollars = 0.0
    for row in file.execute(f"SELECT {', '.join(ANSWER_FIELDS)} FROM answers"):
        if _insert(connection, "answers", row, "digest"):
            answers += 1
            dollars += row[-1]
            charge(connection, row[6], paid=row[-1])
    for row in claims:
        _insert(connection, "claims", row, "digest")
    for row in [*file.execute("SELECT digest, account, reserved, reason, at FROM lost"), *_unexplained(file)]:
        known = connection.execute("SELECT 1 FROM lost WHERE digest = ? AND at = ?", [row[0], row[4]])
        if known.fetchone() is None:
            connection.execute("INSERT INTO lost VALUES (?, ?, ?, ?, ?)", row)
            charge(connection, row[1], lost=row[2])
            lost += 1
            dollars += row[2]
    return answers, lost, dollars


def _unexplained(file: sqlite3.Connection) -> Iterable[tuple[Any, ...]]:
    """Yield one row for the table `lost` for each account that paid more than its stored answers cost.

    This happens when two processes paid for the same answer, which is stored only once.
    """
    sql = "SELECT name, paid - (SELECT total(cost) FROM answers WHERE account = name) FROM accounts ORDER BY name"
    for name, money in file.execute(sql):
        if money > CENT:
            yield f"paid twice by {name}", name, money, "paid for an answer that was there already", 0.0


def _insert(connection: Connection, table: str, row: Iterable[Any], key: str) -> int:
    values = list(row)
    marks = ", ".join("?" * len(values))
    return connection.execute(
        f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT ({key}) DO NOTHING", values
    ).rowcount
