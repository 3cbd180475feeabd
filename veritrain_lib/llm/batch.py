"""One batch of requests, from the gate to the checked reply. Runs on an event loop of its own.

Every attempt: pass the gate, claim (and reserve its worst cost), send, then store the answer or write down why
there is none, and only then go on.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace

from veritrain_lib.core.errors import Infrastructure, OutOfMoney
from veritrain_lib.llm import response_status
from veritrain_lib.llm.batch_settings import Tally, Terms, place_of, reply_of
from veritrain_lib.llm.budget import characters, worst_cost
from veritrain_lib.llm.connection import Connection, Received
from veritrain_lib.llm.keys import Hider
from veritrain_lib.llm.ledger import Ledger, Spent, Stored
from veritrain_lib.llm.owner import new_owner
from veritrain_lib.llm.prices import Price
from veritrain_lib.llm.rate_limiter import Pass, gate_of, retry_after
from veritrain_lib.llm.records import ChatRequest, Endpoint, Reply, Usage
from veritrain_lib.llm.request_body import body_of, encode
from veritrain_lib.llm.response_adapter import understood
from veritrain_lib.redaction import without_password

PAGES = 2
"""Attempts after a web page came in the place of an answer: a page of maintenance may go, a wrong address stays."""
LONG_WAIT = 20.0
"""Seconds: a wait that a service asks for is told of from here on."""


class _Stopped(Exception):
    """The batch ends early; `Batch.error` says why."""


class Batch:
    """Ask `requests` by digest; `replies` fills, `fresh` is what the caller has not seen yet."""

    def __init__(self, endpoint: Endpoint, ledger: Ledger, price: Price, terms: Terms, tally: Tally) -> None:
        self.replies: dict[str, Reply] = {}
        self.fresh: deque[tuple[ChatRequest, Reply]] = deque()
        self.error: Exception | None = None
        self._endpoint, self._ledger, self._price, self._terms = endpoint, ledger, price, terms
        self._place = place_of(endpoint)
        self._tally = tally
        self._hide = Hider()
        self._owner = new_owner()
        self._gate = gate_of(endpoint)
        self._lost: set[str] = set()
        self._stop = asyncio.Event()
        self._settled = asyncio.Event()
        self._answered = 0
        self._line = asyncio.Lock()
        self._said_until = 0.0

    async def run(self, requests: Mapping[str, ChatRequest]) -> None:
        """Ask them all; comes back when each has a reply, or `error` is set and nothing is in flight."""
        self._lost = self._ledger.lost_among(requests)
        rows = iter(requests.items())
        workers = min(self._terms.at_once, len(requests))
        connection = Connection(self._endpoint, at_once=workers, timeout=self._terms.timeout)
        tasks: list[asyncio.Task[None]] = []
        try:
            async with connection:
                tasks = [asyncio.create_task(self._work(rows, connection)) for _ in range(workers)]
                await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # Whatever is still claimed was cut off by an error or by Ctrl-C.
            await asyncio.to_thread(self._ledger.end, self._owner, "it was interrupted")

    def stop(self, error: Exception | None = None) -> None:
        """Send nothing more; what is in flight comes to its end."""
        self.error = self.error or error
        self._stop.set()

    async def _work(self, rows: Iterator[tuple[str, ChatRequest]], connection: Connection) -> None:
        try:
            for digest, request in rows:
                reply = await self._one(digest, request, connection)
                self.replies[digest] = reply
                self.fresh.append((request, reply))
                if self._stop.is_set():
                    return
        except _Stopped:
            return
        except Exception as error:
            self.stop(error)
            raise

    async def _one(self, digest: str, request: ChatRequest, connection: Connection) -> Reply:
        body = encode(body_of(request, self._endpoint))
        reserved = worst_cost(request, self._price)
        tokens = float(characters(request) // 4 + (request.max_tokens or 0) * request.n)
        tries, patient_until = 0, time.monotonic() + self._terms.patience
        while True:
            passed = await self._through(tokens)
            result, spent = await self._ledger.claim(
                digest, self._owner, self._terms.account, reserved, self._terms.cap
            )
            if result != "ours":
                self._gate.give_back(tokens)
                if result == "no money":
                    await self._wait_for_money(reserved, spent)
                elif stored := self._ledger.find([digest]).get(digest):
                    self._tally.stored += 1
                    return reply_of(request, stored)
                else:
                    await self._wait_for_others(digest)
                continue
            received, seconds = await self._send(digest, body, connection)
            if received.status == 429:
                wait = self._gate.refused(passed, received.headers or {})
                self._tally.held_back += 1
                await self._let_go(digest)
                self._look_for_the_end(received, connection)
                self._look_at_advice(received, patient_until)
                if time.monotonic() + wait > patient_until:
                    return _failed(digest, f"held back (429) for {self._terms.patience:.0f} s", seconds)
                await self._sleep(wait)
                continue
            self._gate.answered(passed, received.headers or {})
            stored = self._stored(digest, request, body, received, seconds, reserved)
            if stored is not None:
                await self._ledger.put(stored, self._owner)
                self._settled.set()
                self._answered += 1
                self._tally.answered += 1
                self._tally.cost += stored.cost
                return replace(reply_of(request, stored), stored=False)
            self._tally.faults += 1
            reason = await self._write_down(digest, received)
            self._look_for_the_end(received, connection)
            self._look_at_advice(received, patient_until)
            tries += 1
            if response_status.is_final(received):
                return _failed(digest, reason, seconds)
            if tries >= min(
                self._terms.attempts, PAGES if response_status.is_page(received) else self._terms.attempts
            ):
                self._give_up(received, reason, connection)
                return _failed(digest, f"no answer in {tries} attempts; the last: {reason}", seconds)
            advice = retry_after(received.headers or {})
            wait = min(15.0, self._terms.first_wait * 2 ** (tries - 1)) * random.uniform(0.5, 1.0)
            await self._sleep(max(wait, min(advice or 0.0, 60.0)))

    async def _through(self, tokens: float) -> Pass:
        if self._stop.is_set():
            raise _Stopped
        if not self._line.locked() and isinstance(found := self._gate.ask(tokens), Pass):
            return found
        # Only the head of the line asks again and again; another batch of this process has a line of its own.
        async with self._line:
            while True:
                if self._stop.is_set():
                    raise _Stopped
                found = self._gate.ask(tokens)
                if isinstance(found, Pass):
                    return found
                await self._sleep(max(0.001, found * random.uniform(1.0, 1.05)))

    async def _send(self, digest: str, body: bytes, connection: Connection) -> tuple[Received, float]:
        self._tally.sent += 1
        if digest in self._lost:
            self._lost.discard(digest)
            self._tally.possibly_paid_again += 1
        start = time.perf_counter()
        received = understood(await connection.chat(body))
        return received, time.perf_counter() - start

    def _stored(
        self,
        digest: str,
        request: ChatRequest,
        body: bytes,
        received: Received,
        seconds: float,
        reserved: float,
    ) -> Stored | None:
        """The answer to store, None when this is no answer."""
        keep, usage = response_status.kept_usage(received)
        if not keep:
            return None
        # An answer that does not say what it cost is taken at its worst.
        cost = reserved if usage is None else self._price.of(usage)
        usage = usage or Usage()
        return Stored(
            digest, received.status, self._hide(received.body.decode("utf-8", "replace")), seconds,
            usage.input_tokens, usage.output_tokens, usage.cached_tokens, cost, body.decode(),
            self._place, request.purpose, self._terms.account, characters(request), request.n,
        )  # fmt: skip

    async def _write_down(self, digest: str, received: Received) -> str:
        """End the claim of a request without an answer; gives the reason."""
        reason, paid = response_status.fault_of(received, self._hide)
        if paid:
            self._lost.add(digest)
            await self._ledger.lose(digest, self._owner, reason)
            self._settled.set()
        else:
            await self._let_go(digest)
        return reason

    async def _let_go(self, digest: str) -> None:
        await self._ledger.release(digest, self._owner)
        self._settled.set()

    def _look_at_advice(self, received: Received, patient_until: float) -> None:
        """A service that asks to be left alone for longer than anybody waits here is not waited for."""
        advice = retry_after(received.headers or {})
        if advice is None or time.monotonic() + advice <= patient_until:
            if advice is not None and advice >= LONG_WAIT:
                self._say_wait(received, advice)
            return
        until = time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + advice))
        reason, _ = response_status.fault_of(received, self._hide)
        self.stop(Infrastructure(
            f"{self._endpoint.address} asks to wait {advice:.0f} s, until {until} ({reason}); at most "
            f"{self._terms.patience:.0f} s are waited here. The answers so far are in the ledger: run the same "
            "command again then"
        ))  # fmt: skip
        raise _Stopped

    def _say_wait(self, received: Received, advice: float) -> None:
        now = time.time()
        if now < self._said_until:
            return
        self._said_until = now + advice
        until = time.strftime("%H:%M:%S", time.localtime(now + advice))
        print(
            f"veritrain: {self._endpoint.address} asks to wait {advice:.0f} s (HTTP {received.status}); "
            f"going on at {until}",
            file=sys.stderr,
            flush=True,
        )

    def _look_for_the_end(self, received: Received, connection: Connection) -> None:
        error = response_status.end_of_all(received, self._endpoint, self._hide, connection.url)
        if error is not None:
            self.stop(error)
            raise _Stopped

    def _give_up(self, received: Received, reason: str, connection: Connection) -> None:
        if response_status.is_page(received) and self._answered == 0:
            self.stop(response_status.not_an_answer(received, self._endpoint, self._hide, connection.url))
            raise _Stopped
        if received.status == 0 and self._answered == 0:
            where = without_password(self._endpoint.base_url or "the provider")
            self.stop(Infrastructure(f"{where} gives no answer for {self._endpoint.address}: {reason}"))
            raise _Stopped

    async def _wait_for_money(self, reserved: float, spent: Spent) -> None:
        if spent.reserved > 0:
            # What is in flight is reserved at its worst; most of it comes back.
            self._settled.clear()
            await self._sleep(0.25, wake=self._settled)
            # The other requests in flight may belong to a process that died.
            await asyncio.to_thread(self._ledger.recover)
            return
        cap = self._terms.cap or 0.0
        self.stop(OutOfMoney(
            f"the cap of ${cap:.4f} would be passed: ${spent.paid:.4f} is paid"
            + (f", ${spent.lost:.4f} may be paid for lost answers" if spent.lost else "")
            + f" and the next request may cost ${reserved:.4f}. The answers so far are in the ledger; raise the "
            "cap (budget.money in the task) to go on"
        ))  # fmt: skip
        raise _Stopped

    async def _wait_for_others(self, digest: str) -> None:
        await self._sleep(0.1)
        await asyncio.to_thread(self._ledger.recover)
        self._lost |= self._ledger.lost_among([digest])

    async def _sleep(self, seconds: float, wake: asyncio.Event | None = None) -> None:
        """Sleep, but not through a stop."""
        if seconds < 0.05 and wake is None:
            await asyncio.sleep(seconds)
        else:
            waits = [asyncio.ensure_future(event.wait()) for event in (self._stop, wake) if event is not None]
            try:
                await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
        if self._stop.is_set():
            raise _Stopped


def _failed(digest: str, reason: str, seconds: float) -> Reply:
    return Reply(digest, "failed", reason, seconds=seconds)
