"""Threads that claim at the same time, each by a ledger of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from veritrain_lib.llm.ledger import Ledger


def claims_granted(open_ledger: Callable[[], Ledger], claims: int) -> int:
    """Have three threads claim 0.1 each time under a cap of 3.05; return how many of their claims were granted.

    Args:
        open_ledger: Opens a thread's ledger.
        claims: Claims of each thread.
    """
    granted: list[str] = []

    def race(name: str) -> None:
        async def work(ledger: Ledger) -> None:
            for n in range(claims):
                if (await ledger.claim(f"{name}{n}", name, "account", 0.1, 3.05))[0] == "ours":
                    granted.append(name)

        with open_ledger() as ledger:
            asyncio.run(work(ledger))

    threads = [threading.Thread(target=race, args=[name]) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(granted)
