"""The class `Batch`, which sends one batch of requests to a chat model and returns checked replies.

It runs on an event loop of its own. Every attempt takes these steps: get a permit from the rate limiter,
claim the request in the ledger (which reserves its worst-case cost), send it, and store the answer or the
reason for its absence.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace

from veritrain_lib.core.errors import BudgetExceeded, Infrastructure
from veritrain_lib.llm import response_status
from veritrain_lib.llm.batch_settings import BatchSettings, ChatStats, ledger_endpoint, reply_of
from veritrain_lib.llm.connection import ChatConnection, HttpResponse
from veritrain_lib.llm.keys import KeyRedactor
from veritrain_lib.llm.ledger import Ledger, Spending, StoredAnswer
from veritrain_lib.llm.owner import new_owner
from veritrain_lib.llm.prices import Price
from veritrain_lib.llm.rate_limiter import Permit, rate_limiter_of, retry_after
from veritrain_lib.llm.records import ChatRequest, Endpoint, Reply, Usage
from veritrain_lib.llm.request_body import body_of, encode
from veritrain_lib.llm.response_adapter import normalize_response
from veritrain_lib.llm.worst_cost import characters, worst_cost
from veritrain_lib.redaction import redact_passwords

MAX_WEB_PAGES = 2
"""Maximum number of attempts for a request if the service returns web pages instead of answers.

A second attempt helps if the page was about maintenance; a wrong address returns a page every time.
"""
ANNOUNCED_WAIT_S = 20.0
"""Length in seconds from which a wait that a service asks for is announced on the terminal."""


class _Stopped(Exception):
    """Raised inside a batch to end it early; `Batch.error` holds the reason."""


class Batch:
    """One batch of chat requests that are sent concurrently, keyed by the digest of each request.

    Attributes:
        replies: Replies so far, by the digest of their request.
        fresh: Pairs of request and reply that the caller has not yet taken out.
        error: The error that ended the batch early; None if there was none.
    """

    def __init__(
        self, endpoint: Endpoint, ledger: Ledger, price: Price, settings: BatchSettings, stats: ChatStats
    ) -> None:
        self.replies: dict[str, Reply] = {}
        self.fresh: deque[tuple[ChatRequest, Reply]] = deque()
        self.error: Exception | None = None
        self._endpoint, self._ledger, self._price, self._settings = endpoint, ledger, price, settings
        self._ledger_endpoint = ledger_endpoint(endpoint)
        self._stats = stats
        self._redact = KeyRedactor()
        self._owner = new_owner()
        self._limiter = rate_limiter_of(endpoint)
        self._lost: set[str] = set()
        self._stop = asyncio.Event()
        self._settled = asyncio.Event()
        self._answered = 0
        self._queue_lock = asyncio.Lock()
        self._announced_until = 0.0

    async def run(self, requests: Mapping[str, ChatRequest]) -> None:
        """Send all requests of the batch and return when each has a reply.

        If the batch ends early, `error` is set and the call returns once no request is in flight.

        Args:
            requests: Requests by digest.
        """
        self._lost = self._ledger.lost_among(requests)
        rows = iter(requests.items())
        workers = min(self._settings.at_once, len(requests))
        connection = ChatConnection(self._endpoint, at_once=workers, timeout=self._settings.timeout)
        tasks: list[asyncio.Task[None]] = []
        try:
            async with connection:
                tasks = [asyncio.create_task(self._work(rows, connection)) for _ in range(workers)]
                await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # Requests that are still claimed were cut off by an error or by Ctrl-C.
            await asyncio.to_thread(self._ledger.abandon_claims, self._owner, "it was interrupted")

    def stop(self, error: Exception | None = None) -> None:
        """Send no further requests of the batch; requests in flight are still completed.

        Args:
            error: The reason, kept in `Batch.error` unless an earlier one is there; None for a stop without
                an error.
        """
        self.error = self.error or error
        self._stop.set()

    async def _work(self, rows: Iterator[tuple[str, ChatRequest]], connection: ChatConnection) -> None:
        try:
            for digest, request in rows:
                reply = await self._ask_one(digest, request, connection)
                self.replies[digest] = reply
                self.fresh.append((request, reply))
                if self._stop.is_set():
                    return
        except _Stopped:
            return
        except Exception as error:
            self.stop(error)
            raise

    async def _ask_one(self, digest: str, request: ChatRequest, connection: ChatConnection) -> Reply:
        body = encode(body_of(request, self._endpoint))
        reserved = worst_cost(request, self._price)
        tokens = float(characters(request) // 4 + (request.max_tokens or 0) * request.n)
        attempts, deadline = 0, time.monotonic() + self._settings.patience
        while True:
            permit = await self._acquire_permit(tokens)
            result, spent = await self._ledger.claim(
                digest, self._owner, self._settings.account, reserved, self._settings.cap
            )
            if result != "ours":
                self._limiter.cancel(tokens)
                if result == "no money":
                    await self._wait_for_budget(reserved, spent)
                elif stored := self._ledger.find([digest]).get(digest):
                    self._stats.stored += 1
                    return reply_of(request, stored)
                else:
                    await self._wait_for_other_process(digest)
                continue
            received, seconds = await self._send(digest, body, connection)
            if received.status == 429:
                wait = self._limiter.refused(permit, received.headers or {})
                self._stats.held_back += 1
                await self._release_claim(digest)
                self._stop_if_fatal(received, connection)
                self._check_retry_advice(received, deadline)
                if time.monotonic() + wait > deadline:
                    return _failed(digest, f"held back (429) for {self._settings.patience:.0f} s", seconds)
                await self._sleep(wait)
                continue
            self._limiter.answered(permit, received.headers or {})
            stored = self._answer_to_store(digest, request, body, received, seconds, reserved)
            if stored is not None:
                await self._ledger.put(stored, self._owner)
                self._settled.set()
                self._answered += 1
                self._stats.answered += 1
                self._stats.cost += stored.cost
                return replace(reply_of(request, stored), stored=False)
            self._stats.faults += 1
            reason = await self._record_failure(digest, received)
            self._stop_if_fatal(received, connection)
            self._check_retry_advice(received, deadline)
            attempts += 1
            if response_status.is_final(received):
                return _failed(digest, reason, seconds)
            if attempts >= min(
                self._settings.attempts,
                MAX_WEB_PAGES if response_status.is_page(received) else self._settings.attempts,
            ):
                self._stop_if_unreachable(received, reason, connection)
                return _failed(digest, f"no answer in {attempts} attempts; the last: {reason}", seconds)
            retry_after_s = retry_after(received.headers or {})
            wait = min(15.0, self._settings.first_wait * 2 ** (attempts - 1)) * random.uniform(0.5, 1.0)
            await self._sleep(max(wait, min(retry_after_s or 0.0, 60.0)))

    async def _acquire_permit(self, tokens: float) -> Permit:
        if self._stop.is_set():
            raise _Stopped
        if not self._queue_lock.locked() and isinstance(
            permit_or_wait := self._limiter.try_acquire(tokens), Permit
        ):
            return permit_or_wait
        # Only the first in the queue polls the limiter; another batch of this process has a queue of its own.
        async with self._queue_lock:
            while True:
                if self._stop.is_set():
                    raise _Stopped
                permit_or_wait = self._limiter.try_acquire(tokens)
                if isinstance(permit_or_wait, Permit):
                    return permit_or_wait
                await self._sleep(max(0.001, permit_or_wait * random.uniform(1.0, 1.05)))

    async def _send(self, digest: str, body: bytes, connection: ChatConnection) -> tuple[HttpResponse, float]:
        self._stats.sent += 1
        if digest in self._lost:
            self._lost.discard(digest)
            self._stats.possibly_paid_again += 1
        start = time.perf_counter()
        received = normalize_response(await connection.chat(body))
        return received, time.perf_counter() - start

    def _answer_to_store(
        self,
        digest: str,
        request: ChatRequest,
        body: bytes,
        received: HttpResponse,
        seconds: float,
        reserved: float,
    ) -> StoredAnswer | None:
        """Return the response in the form in which the ledger stores it; None when it is not an answer."""
        is_answer, usage = response_status.answer_usage(received)
        if not is_answer:
            return None
        # An answer without usage is charged with its worst cost.
        cost = reserved if usage is None else self._price.of(usage)
        usage = usage or Usage()
        return StoredAnswer(
            digest, received.status, self._redact(received.body.decode("utf-8", "replace")), seconds,
            usage.input_tokens, usage.output_tokens, usage.cached_tokens, cost, body.decode(),
            self._ledger_endpoint, request.purpose, self._settings.account, characters(request), request.n,
        )  # fmt: skip

    async def _record_failure(self, digest: str, received: HttpResponse) -> str:
        """Record in the ledger that a request got no answer, end its claim, and return the reason in words."""
        reason, paid = response_status.failure_reason(received, self._redact)
        if paid:
            self._lost.add(digest)
            await self._ledger.mark_lost(digest, self._owner, reason)
            self._settled.set()
        else:
            await self._release_claim(digest)
        return reason

    async def _release_claim(self, digest: str) -> None:
        await self._ledger.release(digest, self._owner)
        self._settled.set()

    def _check_retry_advice(self, received: HttpResponse, deadline: float) -> None:
        """End the batch if the service asks for a longer wait than the batch's time limit; announce long waits."""
        retry_after_s = retry_after(received.headers or {})
        if retry_after_s is None or time.monotonic() + retry_after_s <= deadline:
            if retry_after_s is not None and retry_after_s >= ANNOUNCED_WAIT_S:
                self._announce_wait(received, retry_after_s)
            return
        until = time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + retry_after_s))
        reason, _ = response_status.failure_reason(received, self._redact)
        self.stop(Infrastructure(
            f"{self._endpoint.address} asks to wait {retry_after_s:.0f} s, until {until} ({reason}); at most "
            f"{self._settings.patience:.0f} s is the limit here. The answers so far are in the ledger: run the same "
            "command again then"
        ))  # fmt: skip
        raise _Stopped

    def _announce_wait(self, received: HttpResponse, retry_after_s: float) -> None:
        now = time.time()
        if now < self._announced_until:
            return
        self._announced_until = now + retry_after_s
        until = time.strftime("%H:%M:%S", time.localtime(now + retry_after_s))
        print(
            f"veritrain: {self._endpoint.address} asks to wait {retry_after_s:.0f} s (HTTP {received.status}); "
            f"going on at {until}",
            file=sys.stderr,
            flush=True,
        )

    def _stop_if_fatal(self, received: HttpResponse, connection: ChatConnection) -> None:
        error = response_status.fatal_error(received, self._endpoint, self._redact, connection.url)
        if error is not None:
            self.stop(error)
            raise _Stopped

    def _stop_if_unreachable(self, received: HttpResponse, reason: str, connection: ChatConnection) -> None:
        if response_status.is_page(received) and self._answered == 0:
            self.stop(response_status.web_page_error(received, self._endpoint, self._redact, connection.url))
            raise _Stopped
        if received.status == 0 and self._answered == 0:
            base_url = redact_passwords(self._endpoint.base_url or "the provider")
            self.stop(Infrastructure(f"{base_url} does not answer for {self._endpoint.address}: {reason}"))
            raise _Stopped

    async def _wait_for_budget(self, reserved: float, spent: Spending) -> None:
        if spent.reserved > 0:
            # Requests in flight are reserved at their worst cost; most of it is released.
            self._settled.clear()
            await self._sleep(0.25, wake=self._settled)
            # The other requests in flight may belong to a process that died.
            await asyncio.to_thread(self._ledger.recover)
            return
        cap = self._settings.cap or 0.0
        self.stop(BudgetExceeded(
            f"the cap of ${cap:.4f} would be exceeded: ${spent.paid:.4f} is paid"
            + (f", ${spent.lost:.4f} may be paid for lost answers" if spent.lost else "")
            + f" and the next request may cost ${reserved:.4f}. The answers so far are in the ledger; raise the "
            "cap (budget.money in the task) to go on"
        ))  # fmt: skip
        raise _Stopped

    async def _wait_for_other_process(self, digest: str) -> None:
        await self._sleep(0.1)
        await asyncio.to_thread(self._ledger.recover)
        self._lost |= self._ledger.lost_among([digest])

    async def _sleep(self, seconds: float, wake: asyncio.Event | None = None) -> None:
        """Sleep for some seconds; end early when the batch is stopped or the given event is set."""
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
