"""Entry point to paid chat models for other packages: `open_chat` returns a client with ledger and cost cap."""

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
from veritrain_lib.llm.batch_settings import BatchSettings, ChatStats, ledger_endpoint, reply_of
from veritrain_lib.llm.endpoint import open_endpoint
from veritrain_lib.llm.estimate import MIN_ANSWERS, PilotEstimate, UsageProfile, estimate, usage_profile
from veritrain_lib.llm.keys import key_of
from veritrain_lib.llm.ledger import Ledger, Spending
from veritrain_lib.llm.loop_thread import ProgressReporter, ReplyCallback, run_batch
from veritrain_lib.llm.prices import price_of
from veritrain_lib.llm.rate_limiter import rate_limiter_of
from veritrain_lib.llm.records import ChatProgress, ChatRequest, Endpoint, Estimate, Reply
from veritrain_lib.llm.worst_cost import worst_cost

Confirm = Callable[[Estimate], bool]


class LedgerChat:
    """Client of a paid chat model that never requests a stored answer again and never exceeds its cost cap.

    Every call opens the ledger of paid answers and closes it again, so an idle client holds no file and no
    thread.

    Attributes:
        stats: Running totals of this client's work.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        settings: BatchSettings,
        ledger_path: Path | None,
        on_reply: ReplyCallback | None,
        confirm: Confirm | None,
    ) -> None:
        self._endpoint, self._settings, self._ledger_path = endpoint, settings, ledger_path
        self._on_reply, self._confirm = on_reply, confirm
        self.stats = ChatStats()

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint (provider, model and URL) that requests are sent to."""
        return self._endpoint

    @property
    def spent(self) -> Spending:
        """The US dollars that the client's account has spent and reserved, in all processes, according to the ledger."""
        with Ledger(self._ledger_path) as ledger:
            return ledger.spent(self._settings.account)

    def estimate(self, requests: Sequence[ChatRequest]) -> Estimate:
        """Return the estimated cost of requests to the chat model, before any of them is sent.

        Requests whose answers are stored already cost nothing.

        Raises:
            UserError: The model's price is unknown, or a request is malformed.
        """
        with Ledger(self._ledger_path) as ledger:
            pending = self._by_digest(requests)
            stored = ledger.find(pending)
            return self._estimate(ledger, [r for d, r in pending.items() if d not in stored], len(stored))

    def pilot(
        self,
        requests: Sequence[ChatRequest],
        *,
        within: float = 0.15,
        batch_size: int = 30,
        seed: int = 0,
        on_progress: Callable[[ChatProgress], None] | None = None,
    ) -> PilotEstimate:
        """Send a random sample of the requests until the total cost of all requests can be estimated precisely enough.

        The sample's replies are stored, so `ask` does not send these requests again. Sampling stops once 2.6
        standard deviations of the estimated total cost are at most `within` times that cost, or when every
        request has been sent.

        Args:
            requests: All requests whose cost is to be estimated.
            within: Half width of the accepted cost range, as a share of the cost (0.15 for 15 %).
            batch_size: Number of requests in the first sample and in each further one.
            seed: Random seed of the sample.
            on_progress: Called with the progress of each sample; None for no reports.

        Returns:
            The estimate of the total cost.

        Raises:
            Refused: There is no cap and nobody has confirmed the cost.
            BudgetExceeded: The worst-case cost of the next request would exceed the cap; the answers so far
                are stored in the ledger.
            UserError: As in `ask`.
            Infrastructure: As in `ask`.
        """
        pending = list(self._by_digest(requests).items())
        random.Random(seed).shuffle(pending)
        sent, paid = 0, 0.0
        while True:
            with Ledger(self._ledger_path) as ledger:
                rest = self._estimate(ledger, [request for _, request in pending[sent:]], sent)
            pilot = PilotEstimate(paid, rest)
            half_width = (pilot.range[1] - pilot.range[0]) / 2 * 1.3
            if sent >= len(pending) or (
                sent >= batch_size and half_width <= within * max(pilot.money, 1e-12)
            ):
                return pilot
            replies = self.ask(
                [request for _, request in pending[sent : sent + batch_size]], on_progress=on_progress
            )
            paid += math.fsum(reply.cost for reply in replies)
            sent += len(replies)

    def ask(
        self, requests: Sequence[ChatRequest], *, on_progress: Callable[[ChatProgress], None] | None = None
    ) -> list[Reply]:
        """Return one reply per request, in order; requests whose answers are stored already are not sent again.

        Args:
            requests: The requests.
            on_progress: Called in the calling thread, at most 20 times a second and once at the end.

        Raises:
            Refused: There is no cap and nobody has confirmed the cost.
            BudgetExceeded: The worst-case cost of the next request would exceed the cap; the answers so far
                are stored in the ledger.
            UserError: No API key is set, the price is unknown or a request is malformed (nothing was sent),
                or the service rejects the key or has no such model.
            Infrastructure: The service or the ledger can't be reached.
        """
        digests = [request.digest(self._endpoint) for request in requests]
        wanted = self._by_digest(requests, digests)
        with Ledger(self._ledger_path) as ledger:
            stored = ledger.find(wanted)
            replies = {digest: reply_of(wanted[digest], answer) for digest, answer in stored.items()}
            pending = {digest: request for digest, request in wanted.items() if digest not in replies}
            self.stats.stored += len(replies)
            if pending:
                self._check_allowed(ledger, pending, len(replies))
                ledger.recover()
                progress = ProgressReporter(len(wanted), len(replies), on_progress)
                key_of(self._endpoint)
                price = price_of(self._endpoint)
                batch = partial(Batch, self._endpoint, ledger, price, self._settings, self.stats)
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
        endpoint_name = ledger_endpoint(self._endpoint)
        profile: UsageProfile = usage_profile(ledger.usage_records(endpoint_name, purpose), price)
        if profile.sample_size < MIN_ANSWERS:
            profile = usage_profile(ledger.usage_records(endpoint_name, None), price)
        rate = rate_limiter_of(self._endpoint).requests_per_second
        return estimate(
            pending,
            stored=stored,
            profile=profile,
            price=price,
            at_once=self._settings.at_once,
            per_second=rate,
        )

    def _check_allowed(self, ledger: Ledger, pending: Mapping[str, ChatRequest], stored: int) -> None:
        """Raise `Refused` unless there is a cost cap, the requests are free, or somebody confirms the estimate."""
        price = price_of(self._endpoint)
        # Every worst case is known before the first request is sent.
        worst = math.fsum(worst_cost(request, price) for request in pending.values())
        if self._settings.cap is not None or worst == 0:
            return
        cost_estimate = self._estimate(ledger, list(pending.values()), stored)
        if self._confirm is None or not self._confirm(cost_estimate):
            raise Refused(
                f"{self._endpoint.address} costs money and nobody has allowed it: {cost_estimate}. "
                "Set a cap (budget.money in the task), or confirm the estimate"
            )


def open_chat(
    address: str,
    *,
    money: float | None = None,
    ledger: Path | None = None,
    at_once: int = 32,
    on_reply: ReplyCallback | None = None,
    account: str | None = None,
    confirm: Confirm | None = None,
    timeout: float = 120.0,
    attempts: int = 8,
) -> LedgerChat:
    """Open a client for a paid chat model by its address, `openai:/MODEL` or `azure:/DEPLOYMENT`.

    Args:
        address: The address.
        money: Cost cap of the account in US dollars. None: no cap, and then `confirm` has to accept the
            estimate of every batch that costs anything. 0 allows free models only.
        ledger: SQLite file of the ledger. None: the project's ledger, which is a shared database where
            several machines share one tracking store.
        at_once: Maximum number of requests in flight at the same time, from 1.
        on_reply: Called in the calling thread for every reply that came from the service.
        account: Name of the account that pays. All clients and processes that share a ledger and an account
            share the cap, also after a restart. None: an account of this client alone.
        confirm: Called with an estimate; returns whether the cost is accepted.
        timeout: Seconds after which one attempt is given up.
        attempts: Maximum number of attempts per request, from 1; responses with status 429 do not count.

    Raises:
        UserError: The address or a setting is not valid, or a key or URL is not set.
    """
    if at_once < 1 or attempts < 1 or timeout <= 0:
        raise UserError(f"at_once={at_once}, attempts={attempts}, timeout={timeout}: each has to be above 0")
    if money is not None and not (math.isfinite(money) and money >= 0):
        raise UserError(f"the cap is {money!r}; it has to be a number of US dollars from 0")
    settings = BatchSettings(account or f"chat {uuid.uuid4().hex[:12]}", money, at_once, timeout, attempts)
    return LedgerChat(open_endpoint(address), settings, ledger, on_reply, confirm)
