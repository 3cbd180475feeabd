"""What other rooms open: a chat model behind ledger, pace and budget (`base.Chat`)."""

from __future__ import annotations

import math
import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.llm.answers import check_schema
from veritrain_lib.llm.batch import Batch
from veritrain_lib.llm.batch_settings import Tally, Terms, place_of, reply_of
from veritrain_lib.llm.budget import worst_cost
from veritrain_lib.llm.endpoint import open_endpoint
from veritrain_lib.llm.estimate import ENOUGH, Measure, Pilot, estimate, measure
from veritrain_lib.llm.keys import key_of
from veritrain_lib.llm.ledger import Ledger, Spent, default_place
from veritrain_lib.llm.loop_thread import Hook, Progress, run_batch
from veritrain_lib.llm.prices import price_of
from veritrain_lib.llm.rate_limiter import gate_of
from veritrain_lib.llm.records import ChatProgress, ChatRequest, Endpoint, Estimate, Reply

Confirm = Callable[[Estimate], bool]


class LedgerChat:
    """A chat model that never asks twice for what is stored and never passes its cap.

    Every call opens the ledger, so that an object kept for long holds no file and no thread.
    """

    def __init__(
        self, endpoint: Endpoint, terms: Terms, place: Path, on_reply: Hook | None, confirm: Confirm | None
    ) -> None:
        self._endpoint, self._terms, self._place = endpoint, terms, place
        self._on_reply, self._confirm = on_reply, confirm
        self.tally = Tally()

    @property
    def endpoint(self) -> Endpoint:
        """Where it is reached."""
        return self._endpoint

    @property
    def spent(self) -> Spent:
        """The account in the ledger, earlier processes included."""
        with Ledger(self._place) as ledger:
            return ledger.spent(self._terms.account)

    def estimate(self, requests: Sequence[ChatRequest]) -> Estimate:
        """What asking would cost, before anything is asked. Raises UserError for an unknown price."""
        with Ledger(self._place) as ledger:
            pending = self._by_digest(requests)
            stored = ledger.find(pending)
            return self._estimate(ledger, [r for d, r in pending.items() if d not in stored], len(stored))

    def pilot(
        self,
        requests: Sequence[ChatRequest],
        *,
        within: float = 0.15,
        least: int = 30,
        seed: int = 0,
        on_progress: Callable[[ChatProgress], None] | None = None,
    ) -> Pilot:
        """Ask a random sample, `least` at first and more until the cost of all is known within a share.

        What is asked is stored and counts: nothing of it is asked again. It stops once 2.6 standard deviations
        of the whole lie inside `within`, or when everything is asked.

        Raises: as `ask`.
        """
        pending = list(self._by_digest(requests).items())
        random.Random(seed).shuffle(pending)
        asked, paid = 0, 0.0
        while True:
            with Ledger(self._place) as ledger:
                rest = self._estimate(ledger, [request for _, request in pending[asked:]], asked)
            found = Pilot(paid, rest)
            half = (found.range[1] - found.range[0]) / 2 * 1.3
            if asked >= len(pending) or (asked >= least and half <= within * max(found.money, 1e-12)):
                return found
            replies = self.ask(
                [request for _, request in pending[asked : asked + least]], on_progress=on_progress
            )
            paid += math.fsum(reply.cost for reply in replies)
            asked += len(replies)

    def ask(
        self, requests: Sequence[ChatRequest], *, on_progress: Callable[[ChatProgress], None] | None = None
    ) -> list[Reply]:
        """One reply a request, in order; what the ledger holds is not asked again.

        `on_progress` is called in this thread, at most 20 times a second and once at the end.

        Raises:
            Refused: There is no cap and nobody has confirmed the cost.
            OutOfMoney: The worst case of the next request would pass the cap; answers so far are in the ledger.
            UserError: No key is set, the price is unknown, a request is malformed (before anything is sent), or
                the service refuses the key or knows no such model.
            Infrastructure: The service or the ledger can't be reached.
        """
        digests = [request.digest(self._endpoint) for request in requests]
        wanted = self._by_digest(requests, digests)
        with Ledger(self._place) as ledger:
            stored = ledger.find(wanted)
            replies = {digest: reply_of(wanted[digest], answer) for digest, answer in stored.items()}
            pending = {digest: request for digest, request in wanted.items() if digest not in replies}
            self.tally.stored += len(replies)
            if pending:
                self._allow(ledger, pending, len(replies))
                ledger.recover()
                progress = Progress(len(wanted), len(replies), on_progress)
                key_of(self._endpoint)
                price = price_of(self._endpoint)
                batch = partial(Batch, self._endpoint, ledger, price, self._terms, self.tally)
                replies |= run_batch(batch, pending, progress, self._on_reply)
            elif on_progress is not None:
                on_progress(ChatProgress(len(wanted), len(wanted), 0.0, 0.0, 0.0))
        return [replies[digest] for digest in digests]

    def _by_digest(
        self, requests: Sequence[ChatRequest], digests: Sequence[str] | None = None
    ) -> dict[str, ChatRequest]:
        schemas: set[int] = set()
        for request in requests:
            if request.n < 1 or not request.messages:
                raise UserError(f"a request needs a message and n from 1; this one has n={request.n}")
            if request.max_tokens is not None and request.max_tokens < 1:
                raise UserError(f"max_tokens is {request.max_tokens}; it has to be from 1")
            if request.schema is not None and id(request.schema) not in schemas:
                schemas.add(id(request.schema))
                check_schema(request.schema)
        if digests is None:
            digests = [request.digest(self._endpoint) for request in requests]
        return dict(zip(digests, requests, strict=True))

    def _estimate(self, ledger: Ledger, pending: Sequence[ChatRequest], stored: int) -> Estimate:
        price = price_of(self._endpoint)
        purpose = pending[0].purpose if pending else None
        place = place_of(self._endpoint)
        known: Measure = measure(ledger.uses(place, purpose), price)
        if known.known < ENOUGH:
            known = measure(ledger.uses(place, None), price)
        rate = gate_of(self._endpoint).requests_per_second
        return estimate(
            pending, stored=stored, known=known, price=price, at_once=self._terms.at_once, per_second=rate
        )

    def _allow(self, ledger: Ledger, pending: Mapping[str, ChatRequest], stored: int) -> None:
        """Without a cap somebody has to say yes to the estimate."""
        price = price_of(self._endpoint)
        # Every worst case is known before the first request is sent.
        worst = math.fsum(worst_cost(request, price) for request in pending.values())
        if self._terms.cap is not None or worst == 0:
            return
        found = self._estimate(ledger, list(pending.values()), stored)
        if self._confirm is None or not self._confirm(found):
            raise Refused(
                f"{self._endpoint.address} costs money and nobody has allowed it: {found}. "
                "Set a cap (budget.money in the task), or confirm the estimate"
            )


def open_chat(
    address: str,
    *,
    money: float | None = None,
    ledger: Path | None = None,
    at_once: int = 32,
    on_reply: Hook | None = None,
    account: str | None = None,
    confirm: Confirm | None = None,
    timeout: float = 120.0,
    attempts: int = 8,
) -> LedgerChat:
    """A chat model by its address, `openai:/MODEL` or `azure:/DEPLOYMENT`.

    Args:
        money: Cap in US dollars for the account. None: no cap, and then `confirm` has to say yes to the
            estimate of every batch that costs anything. 0 allows free models only.
        ledger: The ledger's file; default `.veritrain/ledger.db` in the project's folder.
        at_once: Most requests in flight, from 1.
        on_reply: Called in the caller's thread for every reply that came from the service.
        account: Whose money it is. All chats and processes that share a ledger and an account share the cap, also
            after a restart. Default: an account of this object's own.
        timeout: Seconds for one attempt.
        attempts: How often an answer is tried for, from 1; 429s do not count.

    Raises:
        UserError: The address is none, or a key or endpoint is not set: one sentence that says what to set.
    """
    if at_once < 1 or attempts < 1 or timeout <= 0:
        raise UserError(f"at_once={at_once}, attempts={attempts}, timeout={timeout}: each has to be above 0")
    if money is not None and not (math.isfinite(money) and money >= 0):
        raise UserError(f"the cap is {money!r}; it has to be a number of US dollars from 0")
    terms = Terms(account or f"chat {uuid.uuid4().hex[:12]}", money, at_once, timeout, attempts)
    return LedgerChat(open_endpoint(address), terms, ledger or default_place(), on_reply, confirm)
