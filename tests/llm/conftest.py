"""A project folder with prices and nothing in the environment that could reach a real service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.llm.server import KEY, Script, Server, point
from veritrain_lib.llm.chat import LedgerChat, open_chat
from veritrain_lib.llm.rate_limiter import reset_rate_limiters

PRICES = """\
date: 2026-01-01
models:
  m: {input: 10, output: 20, cached: 5, max_output: 50}
  free: {input: 0, output: 0}
  endless: {input: 1, output: 1}
"""
NAMES = (
    "OPENAI_API_KEY", "OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_KEY", "AZURE_OPENAI_API_KEY",
    "OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION", "VERITRAIN_PRICES",
)  # fmt: skip

Serve = Callable[..., Server]
Open = Callable[..., LedgerChat]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory and project of the test."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prices.yaml").write_text(PRICES, encoding="utf-8")
    monkeypatch.setenv("VERITRAIN_PRICES", str(tmp_path / "prices.yaml"))
    reset_rate_limiters()
    return tmp_path


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts servers that the environment points at, and ends them."""
    running: list[Server] = []

    def start(script: Script = lambda body: "yes", *, canary: str = KEY, **options: Any) -> Server:
        server = Server(script, **options)
        server.__enter__()
        running.append(server)
        point(monkeypatch, server, canary)
        return server

    yield start
    for server in running:
        server.__exit__()


@pytest.fixture
def chat(folder: Path) -> Open:
    """Opens a chat on the test's own ledger; a dollar is plenty unless something else is said."""

    def opened(address: str = "openai:/m", **options: Any) -> LedgerChat:
        return open_chat(address, **({"money": 1.0, "ledger": folder / "ledger.db"} | options))

    return opened
