"""A ledger that machines share in PostgreSQL: nothing is paid for twice, and nothing that was paid for is lost."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.llm.conftest import Serve
from tests.llm.killing import CHECKOUT, script
from tests.llm.racing import claims_granted
from tests.llm.test_ledger import answer
from tests.server.postgres import new_database
from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.llm import ledger_writer
from veritrain_lib.llm.fine_tuning_record import SharedTuningRecord, TuningRecord, tuning_record_path
from veritrain_lib.llm.ledger import Ledger, Spending, default_ledger_path
from veritrain_lib.llm.ledger_store import PostgresStore
from veritrain_lib.llm.ledger_transfer import Transferred, transfer
from veritrain_lib.llm.owner import PROVIDER, new_owner
from veritrain_lib.llm.shared_database import address as shared_address
from veritrain_lib.tracking.state import database

ASK = """
from tests.llm.questions import questions
from veritrain_lib.llm.chat import open_chat
print(open_chat("openai:/m", money=100.0, account="a", at_once=4).ask(questions(40))[39].texts)
"""
ANOTHER_MACHINE = "another-machine/17/1.00/aa"


@pytest.fixture
def url(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty database, which is the record that machines share."""
    with new_database() as address:
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
        monkeypatch.setenv("DATABASE_URL", address)
        yield address


def _execute(url: str, sql: str) -> list[Any]:
    connection = PostgresStore(url).connect()
    try:
        rows = connection.execute(sql)
        return rows.fetchall() if sql.startswith("SELECT") else []
    finally:
        connection.close()


@pytest.mark.parametrize("record", ["", "http://record:8000", "sqlite:///x.db", "postgresql://u@h/n"])
@pytest.mark.parametrize("named", ["", "postgresql+asyncpg://u:p@h/m", "postgres://u@h/m", "sqlite:///y.db"])
def test_the_shared_ledger_is_where_the_shared_tables_are(
    record: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", record)
    monkeypatch.setenv("DATABASE_URL", named)
    assert shared_address() == (database.address() if database.is_shared() else "")


def test_claims_and_caps_hold_for_all_who_share_it(url: str) -> None:
    async def work(first: Ledger, second: Ledger) -> None:
        assert (await first.claim("a", "me", "account", 0.6, 1.0))[0] == "ours"
        assert (await second.claim("a", "you", "account", 0.6, 1.0))[0] == "theirs"
        assert await second.claim("b", "you", "account", 0.6, 1.0) == ("no money", Spending(0.0, 0.0, 0.6))
        await first.put(answer("a", 0.1), "me")
        assert (await second.claim("a", "you", "account", 0.6, 1.0))[0] == "answered"

    with Ledger() as first, Ledger() as second:
        asyncio.run(work(first, second))
        assert second.find(["a"])["a"].raw == answer("a").raw
        assert second.spent("account") == Spending(0.1, 0.0, 0.0)
    assert not default_ledger_path().exists()


def test_racing_machines_never_reserve_more_than_the_cap(url: str) -> None:
    assert claims_granted(Ledger, 20) == 30


def test_an_answer_outlasts_the_end_of_every_session_and_is_booked_once(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_writer, "RETRY_PAUSE_S", 0.01)
    with Ledger() as ledger:
        assert asyncio.run(ledger.claim("a", "me", "account", 0.6, 1.0))[0] == "ours"
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        _execute(url, end)
        asyncio.run(ledger.put(answer("a", 0.1), "me"))
        asyncio.run(ledger.put(answer("a", 0.1), "me"))  # as if its acknowledgement had been lost
        _execute(url, end)
        assert list(ledger.find(["a"])) == ["a"]
        assert ledger.spent("account") == Spending(0.1, 0.0, 0.0)


def test_a_database_that_is_away_is_said_without_its_password(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hidden@127.0.0.1:1/none")
    with pytest.raises(Infrastructure, match=r"can't be opened: .*refused") as error:
        Ledger(wait=False)
    assert "hidden" not in str(error.value)


def test_claims_of_a_machine_that_fell_silent_are_lost_with_their_money(url: str) -> None:
    async def claim(ledger: Ledger) -> None:
        await ledger.claim("a", ANOTHER_MACHINE, "account", 0.25, None)
        await ledger.claim("b", new_owner(), "account", 0.5, None)
        await ledger.claim("c", f"{PROVIDER}/0/0/k", "account", 1.0, None)

    with Ledger() as ledger:
        asyncio.run(claim(ledger))
        assert ledger.recover() == 0, "it has just shown that it is alive"
        _execute(url, "UPDATE owners SET beat_at = beat_at - interval '61 s' WHERE owner LIKE 'another%'")
        started = _execute(url, "SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())")
        if started[0][0] < 61:
            pytest.skip("the database started a moment ago, so nobody is silent yet")
        assert ledger.recover() == 1
        assert ledger.lost_among("abc") == {"a"}
        assert ledger.spent("account") == Spending(0.0, 0.25, 1.5)


@pytest.mark.slow
def test_two_processes_that_ask_the_same_pay_for_each_answer_once(url: str, serve: Serve) -> None:
    server = serve(script)
    command = [sys.executable, "-c", ASK]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    several = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert [process.communicate(timeout=120)[0] for process in several] == ["['echo row 39']\n"] * 2
    assert len(server.books) == 40
    assert {(book.requests, book.paid) for book in server.books.values()} == {(1, 1)}


def _fill(file: Path) -> None:
    async def work(ledger: Ledger) -> None:
        await ledger.put(answer("a", 0.5), "me")
        await ledger.put(answer("b", 0.25), "me")
        await ledger.claim("c", "me/1/1/x", "account", 2.0, None)
        await ledger.mark_lost("c", "me/1/1/x", "cut off")
        await ledger.claim("fine-tuning k", f"{PROVIDER}/0/0/k", "account", 4.0, None)

    with Ledger(file) as ledger:
        asyncio.run(work(ledger))


def test_paid_answers_of_a_machine_are_brought_over_once(url: str) -> None:
    assert transfer() is None, "there is nothing to bring over"
    _fill(default_ledger_path())
    TuningRecord(tuning_record_path()).save("k", "openai:/m", "m", file_id="file-1", cost=0.5)
    with Ledger() as ledger, pytest.raises(UserError, match="veritrain migrate"):
        asyncio.run(ledger.claim("new", "me", "account", 0.1, None))
    assert transfer() == Transferred(2, 1, 1, 2.75)
    assert transfer() is None
    with Ledger() as ledger:
        assert sorted(ledger.find("abc")) == ["a", "b"]
        assert ledger.spent("account") == Spending(0.75, 2.0, 4.0)
        assert ledger.lost() == [("c", "cut off", 2.0)]
    assert SharedTuningRecord(url).state("k").file_id == "file-1"
    default_ledger_path().with_name("ledger.db.transferred").rename(default_ledger_path())
    again = transfer()
    assert again == Transferred()
    assert str(again).startswith("Paid answers: nothing was left")
    with Ledger() as ledger:
        assert ledger.spent("account") == Spending(0.75, 2.0, 4.0)


class _Terminal(io.StringIO):
    """An error stream that says when a text with the wanted words was written to it."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words, self.seen = words, threading.Event()

    def write(self, text: str) -> int:
        if self._words in text:
            self.seen.set()
        return super().write(text)


def test_a_shared_fine_tuning_job_is_started_by_one_machine_at_a_time(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("veritrain_lib.llm.fine_tuning_record.LOCK_POLL_S", 0.02)
    terminal = _Terminal("waiting for another process")
    monkeypatch.setattr("sys.stderr", terminal)
    order: list[str] = []
    inside = threading.Event()

    def other() -> None:
        record = SharedTuningRecord(url)
        assert inside.wait(60)
        with record.lock("k"):
            order.append(f"second sees {record.state('k').job_id}")

    thread = threading.Thread(target=other)
    thread.start()
    record = SharedTuningRecord(url)
    with record.lock("k"):
        inside.set()
        assert terminal.seen.wait(60)
        record.save("k", "openai:/m", "m", job_id="ftjob-1")
        order.append("first")
    thread.join(60)
    assert order == ["first", "second sees ftjob-1"]
