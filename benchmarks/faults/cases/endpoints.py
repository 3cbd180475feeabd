"""Cases: OpenAI-compatible services with deviating responses, and their URLs as people copy them.

The shapes are those of `tests/llm/quirks.py`, asked in this process of a small server on loopback.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults import stores
from benchmarks.faults.case import Case, Seen, veritrain
from tests.llm.quirks import QUIRKS, Quirk
from tests.llm.server import Raw, Server

MODEL = "gpt-4.1-mini"
KEY = "s3cret-key-of-the-case"


def _asked(folder: Path, quirk: Quirk) -> Seen:
    from veritrain_lib.core.errors import UserError
    from veritrain_lib.llm.base_url import openai_base
    from veritrain_lib.llm.batch_settings import BatchSettings
    from veritrain_lib.llm.chat import LedgerChat
    from veritrain_lib.llm.records import ChatRequest, Endpoint, Message

    os.environ.setdefault("OPENAI_API_KEY", KEY)
    with Server(quirk.script) as server:
        endpoint = Endpoint("openai", MODEL, openai_base(server.url))
        chat = LedgerChat(endpoint, BatchSettings("case", 10.0, attempts=3), folder / "ledger.db", None, None)
        try:
            (reply,) = chat.ask([ChatRequest((Message("user", "a question"),), max_tokens=10)])
        except UserError as error:
            kind, text = type(error), str(error)
            wrong = "" if quirk.raises and issubclass(kind, quirk.raises) else f"raised {kind.__name__}"
        else:
            text = reply.reason
            got = (reply.outcome, "".join(reply.texts))
            wrong = "" if not quirk.raises and got == (quirk.outcome, quirk.text) else f"gave {got}"
        sent = len(server.requests)
    wrong = wrong or ("" if sent <= quirk.most else f"sent {sent} requests, more than {quirk.most}")
    return Seen(None, text, wrong=wrong)


def _quirk(quirk: Quirk) -> Case:
    return Case(
        f"endpoints/{quirk.name}", lambda folder: _asked(folder, quirk), exit_code=None, says=[quirk.says],
        never_says=["Traceback", KEY],
    )  # fmt: skip


def _address(name: str, make: Callable[[], object], wanted: object) -> Case:
    def run(folder: Path) -> Seen:
        from veritrain_lib.core.errors import UserError

        try:
            found = make()
        except UserError as error:
            return Seen(
                None, str(error), wrong="" if isinstance(wanted, str) and wanted in str(error) else "refused"
            )
        return Seen(None, str(found), wrong="" if found == wanted else f"gave {found}")

    return Case(f"endpoints/address {name}", run, exit_code=None, never_says=["s3cret"])


def _openai(given: str, wanted: str) -> Case:
    def make() -> object:
        from veritrain_lib.llm.base_url import openai_base

        return openai_base(given)

    return _address(given.replace("s3cret", "KEY"), make, wanted)


def _azure(given: str, wanted: object) -> Case:
    def make() -> object:
        from veritrain_lib.llm.base_url import azure_base

        return azure_base(given, "d")

    return _address(f"azure {given}", make, wanted)


def _command(
    name: str,
    environment: Callable[[Server], dict[str, str]],
    script: Raw,
    model: str,
    *says: str,
    exit_code: int,
) -> Case:
    def run(folder: Path) -> Seen:
        task = stores.write_task(folder / "tiny")
        with Server(lambda body: script) as server:
            given = {"OPENAI_API_KEY": KEY, "AZURE_OPENAI_KEY": KEY, **environment(server)}
            return stores.quick(
                lambda: veritrain(
                    folder, "predict", str(task), "--model", model, "--text", "x", environment=given
                ),
                100.0,
            )

    return Case(
        f"endpoints/predict, {name}",
        run,
        exit_code=exit_code,
        says=says,
        never_says=["Traceback", "unexpected ", KEY],
    )


GOOD = Raw(
    b'{"choices": [{"message": {"content": "{\\"label\\": \\"a\\"}"}}], "usage": {"prompt_tokens": 5, "completion_tokens": 5}}'
)
PAGE = Raw(b"<!doctype html><title>Sign in</title>", kind="text/html")
LATER = Raw(b'{"error": {"message": "daily limit"}}', status=429, headers={"Retry-After": "86400"})
AZURE = "https://x.openai.azure.com"
ADDRESS = f"openai:/{MODEL}"

CASES = [
    *(_quirk(quirk) for quirk in QUIRKS),
    _openai("http://localhost:8000", "http://localhost:8000/v1"),
    _openai("http://localhost", "http://localhost/v1"),
    _openai("https://host/v1/", "https://host/v1"),
    _openai("https://host/v1/chat/completions", "https://host/v1"),
    _openai("https://host/v1/responses", "https://host/v1"),
    _openai("https://host/api/paas/v4", "https://host/api/paas/v4"),
    _openai(f"{AZURE}/openai/v1/", f"{AZURE}/openai/v1"),
    _openai("localhost:8000", "does not begin with http"),
    _openai("http://host:port/v1", "is not a web address"),
    _openai("http://host:99999", "is not a web address"),
    _openai("'https://host/v1'", "quotation marks"),
    _openai("https://host/v1?key=s3cret", "ends in a query (key)"),
    _openai("https://me:s3cret@host/v1", "user name or password"),
    _openai(f"{AZURE}/openai/deployments/d/chat/completions?api-version=1", "azure:/DEPLOYMENT"),
    _azure(AZURE, (AZURE, None, False)),
    _azure(f"{AZURE}/openai/v1/", (AZURE, None, True)),
    _azure(f"{AZURE}/openai/deployments/d/chat/completions?api-version=1", (AZURE, "1", False)),
    _azure(f"{AZURE}/openai/responses?api-version=2", (AZURE, "2", False)),
    _azure("https://x.services.ai.azure.com/api/projects/p", ("https://x.services.ai.azure.com", None, False)),
    _azure(f"{AZURE}/openai/deployments/e/chat/completions?api-version=1", "write azure:/e"),
    _command("no path", lambda server: {"OPENAI_BASE_URL": server.url}, GOOD, ADDRESS, "a", exit_code=0),
    _command("a web page", lambda server: {"OPENAI_BASE_URL": server.url}, PAGE, ADDRESS, "Sign in.*OPENAI_BASE_URL", exit_code=2),
    _command("a day to wait", lambda server: {"OPENAI_BASE_URL": server.url}, LATER, ADDRESS, "asks to wait 86400 s, until", exit_code=3),
    _command("nobody there", lambda server: {"OPENAI_BASE_URL": f"http://127.0.0.1:{stores.refused_port()}"}, GOOD, ADDRESS, "does not answer", exit_code=3),
    _command("Azure's target URI", lambda server: {"AZURE_OPENAI_ENDPOINT": f"{server.url}/openai/deployments/{MODEL}/chat/completions?api-version=2024-10-21"}, GOOD, f"azure:/{MODEL}", "a", exit_code=0),
]  # fmt: skip
