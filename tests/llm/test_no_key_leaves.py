"""A canary key is in the environment; after success and after every kind of fault it is nowhere else."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.llm.conftest import Open, Serve
from tests.llm.questions import questions
from tests.llm.server import Answer, Fault
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.connection import ChatConnection
from veritrain_lib.llm.keys import KeyRedactor, redact_keys
from veritrain_lib.llm.records import Endpoint

CANARY = "sk-canary-7d1f0b9e4c2a"
WAYS: list[Fault | Answer | None] = [
    None,
    Fault("429", message=f"slow down, {CANARY}", headers={"Retry-After": "0.01"}),
    Fault("429", message=f"no quota for {CANARY}", code="insufficient_quota"),
    Fault("500", message=f"{CANARY} broke it"), Fault("503"), Fault("reset"), Fault("reset_late"),
    Fault("truncated"), Fault("garbage"), Fault("empty"), Fault("filter"), Fault("hang", seconds=1),
    Fault("400", message=f"what is {CANARY}?"), Fault("401", message=f"Incorrect API key: {CANARY}"),
    Fault("404", message=f"no model for {CANARY}"), Answer(texts=[f"your key is {CANARY}"]),
    Answer(refusal=f"I refuse {CANARY}"), Answer(finish="length"), Answer(finish="content_filter"), Answer(texts=[""]),
]  # fmt: skip


@pytest.mark.parametrize("provider", ["openai", "azure"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: getattr(way, "kind", None) or type(way).__name__)
def test_the_key_is_written_nowhere(
    way: Fault | Answer | None, provider: str, serve: Serve, chat: Open, folder: Path,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    server = serve(lambda body: way if way is not None else "yes", canary=CANARY)
    said = []
    try:
        opened = chat(f"{provider}:/m", attempts=2, timeout=0.3, at_once=2)
        said += [repr(opened), repr(opened.endpoint), str(opened.stats)]
        opened_replies = opened.ask(questions(2)) if not isinstance(way, Fault) or way.kind != "429" or way.code \
            else []  # fmt: skip
        said += [repr(reply) for reply in opened_replies]
    except UserError as error:
        said += [str(error), repr(error), repr(error.__cause__), repr(error.__context__)]
    assert server.requests or (isinstance(way, Fault) and way.kind == "429")
    assert all(CANARY in str(seen.headers) for seen in server.requests)
    captured = capfd.readouterr()
    said += [caplog.text, captured.out, captured.err]
    assert not [text for text in said if CANARY in text]
    for file in folder.rglob("*"):
        if file.is_file():
            assert CANARY.encode() not in file.read_bytes(), file


def test_the_objects_that_hold_keys_do_not_show_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_KEY", CANARY)
    assert CANARY not in repr(KeyRedactor())
    assert redact_keys(f"a {CANARY} b") == "a [key] b"
    import asyncio

    async def look() -> str:
        async with ChatConnection(
            Endpoint("azure", "d", "http://127.0.0.1:1"), at_once=1, timeout=1.0
        ) as connection:
            return repr(connection) + repr(vars(connection))

    assert CANARY not in asyncio.run(look())
