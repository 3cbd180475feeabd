"""Processes that ask and are killed with SIGKILL: what the ledger and the server's books say afterwards."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.llm.questions import questions
from tests.llm.server import Answer, Server, digest_of
from veritrain_lib.llm.chat import open_chat
from veritrain_lib.llm.endpoint import open_endpoint
from veritrain_lib.llm.records import ChatRequest
from veritrain_lib.llm.request_body import body_of

AT_ONCE = 8
CHECKOUT = Path(__file__).resolve().parents[2]
ASK = """
import sys
from pathlib import Path
from tests.llm.questions import questions
from veritrain_lib.llm.chat import open_chat
chat = open_chat("openai:/m", money=100.0, ledger=Path(sys.argv[1]), at_once=int(sys.argv[3]))
chat.ask(questions(int(sys.argv[2])))
"""


def script(body: dict[str, Any]) -> Answer:
    """An answer that can be told from every other, after a moment."""
    return Answer(texts=[f"echo {body['messages'][0]['content']}"], seconds=0.015)


@dataclass
class Seen:
    """What was found over all kills."""

    kills: int = 0
    stored_then_gone_or_changed: list[str] = field(default_factory=list)
    stored_then_requested: list[str] = field(default_factory=list)
    in_flight: int = 0
    paid_again: int = 0
    said: int = 0


def stored(ledger: Path) -> dict[str, str]:
    """Every raw answer by its digest, from a sound file."""
    connection = sqlite3.connect(ledger)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return dict(connection.execute("SELECT digest, raw FROM answers").fetchall())
    finally:
        connection.close()


def claimed(ledger: Path) -> int:
    """Requests in flight when their process died."""
    connection = sqlite3.connect(ledger)
    try:
        return int(connection.execute("SELECT count(*) FROM claims").fetchone()[0])
    finally:
        connection.close()


def kill_and_look(
    server: Server, folder: Path, *, kills: int, processes: int, seed: int, rows: int = 150
) -> Seen:
    """Start `processes`, kill them all at a random moment, look; again with more rows; at the end ask to the end."""
    ledger, rng, seen = folder / "ledger.db", random.Random(seed), Seen()
    endpoint = open_endpoint("openai:/m")
    name_of: dict[str, str] = {}
    for kill in range(kills):
        asked = (kill + 1) * rows
        name_of |= {request.digest(endpoint): _body(request) for request in questions(asked)}
        before = len(server.requests)
        command = [sys.executable, "-c", ASK, str(ledger), str(asked), str(AT_ONCE)]
        running = [
            subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(CHECKOUT)})
            for _ in range(processes)
        ]
        while len(server.requests) == before and any(process.poll() is None for process in running):
            time.sleep(0.005)
        time.sleep(rng.uniform(0.0, 0.35))
        for process in running:
            process.send_signal(signal.SIGKILL)
        for process in running:
            process.wait()
        seen.kills += 1
        # What was on its way at the server comes to its end there.
        time.sleep(0.1)
        kept = stored(ledger)
        seen.in_flight += claimed(ledger)
        assert claimed(ledger) <= processes * AT_ONCE
        sent = {digest: server.books[name_of[digest]].requests for digest in kept}
        _follow(seen, server, name_of, kept, sent, ledger, folder)
    chat = open_chat("openai:/m", money=100.0, ledger=ledger, at_once=AT_ONCE)
    kept = stored(ledger)
    sent = {digest: server.books[name_of[digest]].requests for digest in kept}
    replies = chat.ask(questions(kills * rows))
    assert [reply.texts for reply in replies] == [[f"echo row {number}"] for number in range(kills * rows)]
    _follow(seen, server, name_of, kept, sent, ledger, folder)
    connection = sqlite3.connect(ledger)
    seen.said = int(connection.execute("SELECT count(*) FROM lost").fetchone()[0])
    assert connection.execute("SELECT count(*) FROM claims").fetchone() == (0,)
    connection.close()
    seen.paid_again = sum(book.paid - 1 for book in server.books.values())
    return seen


def _follow(
    seen: Seen, server: Server, name_of: dict[str, str], kept: dict[str, str], sent: dict[str, int],
    ledger: Path, folder: Path,
) -> None:  # fmt: skip
    """Compare everything that was ever stored with what is stored now, and its requests with what they were."""
    file = folder / "ever.json"
    ever: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    now = stored(ledger)
    for digest, (raw, requests) in ever.items():
        if now.get(digest) != raw:
            seen.stored_then_gone_or_changed.append(digest)
        if server.books[name_of[digest]].requests != requests:
            seen.stored_then_requested.append(digest)
    ever |= {digest: [raw, sent[digest]] for digest, raw in kept.items() if digest not in ever}
    file.write_text(json.dumps(ever))


def _body(request: ChatRequest) -> str:
    return digest_of(body_of(request, open_endpoint("openai:/m")))
