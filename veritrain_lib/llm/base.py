"""The protocol by which other packages use paid chat models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from veritrain_lib.llm.records import ChatProgress, ChatRequest, Endpoint, Estimate, Reply


class Chat(Protocol):
    """A chat model behind ledger, rate limiter and budget."""

    @property
    def endpoint(self) -> Endpoint:
        """The address of the model."""
        ...

    def estimate(self, requests: Sequence[ChatRequest]) -> Estimate:
        """Return the likely cost of the requests, before any of them is sent.

        Raises:
            UserError: The price is unknown.
        """
        ...

    def ask(
        self, requests: Sequence[ChatRequest], *, on_progress: Callable[[ChatProgress], None] | None = None
    ) -> list[Reply]:
        """Return one reply per request, in order; stored answers are not requested again.

        Args:
            requests: The requests.
            on_progress: Called as replies arrive.

        Raises:
            BudgetExceeded: The worst case of the next request would exceed the cap; answers so far are in the ledger.
            UserError: No key or endpoint is set, or the price is unknown (before anything is sent).
        """
        ...
