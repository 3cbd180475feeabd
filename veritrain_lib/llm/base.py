"""The protocol `Chat`, which is all that other packages need to know about a paid chat model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from veritrain_lib.llm.records import ChatProgress, ChatRequest, Endpoint, Estimate, Reply


class Chat(Protocol):
    """Protocol of a client for a paid chat model that reuses stored answers and respects rate limits and a cost cap."""

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint (provider, model and URL) that requests are sent to."""
        ...

    def estimate(self, requests: Sequence[ChatRequest]) -> Estimate:
        """Return the estimated cost of requests to the chat model, before any of them is sent.

        Raises:
            UserError: The model's price is unknown.
        """
        ...

    def ask(
        self, requests: Sequence[ChatRequest], *, on_progress: Callable[[ChatProgress], None] | None = None
    ) -> list[Reply]:
        """Return one reply per request, in order; requests whose answers are stored already are not sent again.

        Args:
            requests: The requests.
            on_progress: Called with the batch's progress as replies arrive; None for no reports.

        Raises:
            Refused: There is no cap and nobody has confirmed the cost.
            BudgetExceeded: The worst-case cost of the next request would exceed the cap; the answers so far
                are stored in the ledger.
            UserError: No API key or URL is set, the price is unknown or a request is malformed (nothing was sent), or the
                service rejects the key or has no such model.
            Infrastructure: The service or the ledger can't be reached.
        """
        ...
