"""The ledger: what is acknowledged is kept, claims are exclusive, and the dead are told from the living."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.llm.racing import claims_granted
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.llm.ledger import Ledger, Spending, StoredAnswer
from veritrain_lib.llm.owner import is_alive, new_owner

CLAIM_AND_DIE = """
import asyncio, os, sys
from pathlib import Path
from veritrain_lib.llm.ledger import Ledger
from veritrain_lib.llm.owner import new_owner
ledger = Ledger(Path(sys.argv[1]))
asyncio.run(ledger.claim("a" * 64, new_owner(), "account", 0.25, None))
os._exit(9)
"""


def answer(digest: str, cost: float = 0.5, **options: Any) -> StoredAnswer:
    given = {"account": "account", "endpoint": "openai:/m", "purpose": "judge", "characters": 40} | options
    return StoredAnswer(digest, 200, '{"choices": ["\u2028 é"]}', 1.5, 10, 5, 2, cost, "{}", **given)


def test_an_acknowledged_answer_is_there_for_another_process(folder: Path) -> None:
    with Ledger(folder / "l.db") as ledger:
        asyncio.run(ledger.put(answer("d1"), "me"))
        seen = sqlite3.connect(folder / "l.db").execute("SELECT digest, raw, cost FROM answers").fetchall()
    assert seen == [("d1", '{"choices": ["\u2028 é"]}', 0.5)]
    with Ledger(folder / "l.db") as ledger:
        found = ledger.find(["d1", "d2"])
    assert list(found) == ["d1"]
    assert (found["d1"].input_tokens, found["d1"].seconds) == (10, 1.5)


def test_more_digests_than_sqlite_takes_at_once_are_found(folder: Path) -> None:
    async def fill(ledger: Ledger) -> None:
        await asyncio.gather(*(ledger.put(answer(f"d{n}", 0.001), "me") for n in range(1200)))

    with Ledger(folder / "l.db") as ledger:
        asyncio.run(fill(ledger))
        assert len(ledger.find(f"d{n}" for n in range(2000))) == 1200
        assert ledger.spent("account").paid == pytest.approx(1.2)


def test_a_claim_is_exclusive_and_ends_with_the_answer(folder: Path) -> None:
    async def work(ledger: Ledger) -> list[str]:
        said = [(await ledger.claim("d", owner, "account", 0.0, None))[0] for owner in ("a", "b")]
        await ledger.release("d", "b")  # not its own
        said.append((await ledger.claim("d", "b", "account", 0.0, None))[0])
        await ledger.put(answer("d"), "a")
        return [*said, (await ledger.claim("d", "b", "account", 0.0, None))[0]]

    with Ledger(folder / "l.db") as ledger:
        assert asyncio.run(work(ledger)) == ["ours", "theirs", "theirs", "answered"]


def test_a_reservation_that_would_pass_the_cap_is_refused_and_settles_by_the_real_cost(folder: Path) -> None:
    async def work(ledger: Ledger) -> None:
        claim = ledger.claim
        assert (await claim("a", "me", "account", 0.6, 1.0))[0] == "ours"
        assert await claim("b", "me", "account", 0.6, 1.0) == ("no money", Spending(0.0, 0.0, 0.6))
        await ledger.put(answer("a", 0.1), "me")
        assert (await claim("b", "me", "account", 0.6, 1.0))[0] == "ours"
        await ledger.mark_lost("b", "me", "cut off")
        assert await claim("c", "me", "account", 0.4, 1.0) == ("no money", Spending(0.1, 0.6, 0.0))
        assert (await claim("c", "me", "account", 0.3, 1.0))[0] == "ours"
        assert (await claim("d", "me", "another account", 0.9, 1.0))[0] == "ours"

    with Ledger(folder / "l.db") as ledger:
        asyncio.run(work(ledger))
        assert ledger.lost() == [("b", "cut off", 0.6)]


def test_racing_threads_never_reserve_more_than_the_cap(folder: Path) -> None:
    assert claims_granted(lambda: Ledger(folder / "l.db"), 100) == 30


def test_the_claims_of_a_dead_process_are_lost_with_their_money_and_those_of_a_living_one_stay(
    folder: Path,
) -> None:
    subprocess.run([sys.executable, "-c", CLAIM_AND_DIE, str(folder / "l.db")], check=False)
    with Ledger(folder / "l.db") as ledger:
        asyncio.run(ledger.claim("b" * 64, new_owner(), "account", 0.5, None))
        assert ledger.recover() == 1
        assert ledger.recover() == 0
        assert ledger.lost_among(["a" * 64, "b" * 64]) == {"a" * 64}
        assert ledger.spent("account") == Spending(0.0, 0.25, 0.5)


def test_a_reused_process_number_is_no_alibi() -> None:
    host, process, start, serial = new_owner().rsplit("/", 3)
    assert int(process) == os.getpid()
    assert is_alive(f"{host}/{process}/{start}/{serial}")
    assert not is_alive(f"{host}/{process}/{start}0/{serial}")
    assert is_alive(f"another-host/{process}/1.00/{serial}")


def test_many_may_open_a_new_file_at_the_same_moment(folder: Path) -> None:
    errors: list[BaseException] = []

    def open_(path: Path, start: threading.Barrier) -> None:
        start.wait()
        try:
            Ledger(path).close()
        except Infrastructure as error:
            errors.append(error)

    for number in range(30):
        start = threading.Barrier(4)
        threads = [threading.Thread(target=open_, args=[folder / f"{number}.db", start]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []


def test_a_file_that_is_no_ledger_is_said(folder: Path) -> None:
    (folder / "l.db").write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(Infrastructure, match=r"l\.db can't be opened"):
        Ledger(folder / "l.db")


def test_uses_are_of_the_endpoint_and_purpose(folder: Path) -> None:
    async def fill(ledger: Ledger) -> None:
        await ledger.put(answer("a"), "me")
        await ledger.put(answer("b", purpose="teacher"), "me")
        await ledger.put(answer("c", endpoint="openai:/other"), "me")

    with Ledger(folder / "l.db") as ledger:
        asyncio.run(fill(ledger))
        assert len(ledger.usage_records("openai:/m", "judge")) == 1
        assert len(ledger.usage_records("openai:/m", None)) == 2
