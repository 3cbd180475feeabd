"""The one protocol by which other rooms speak to paid models, and the opener."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from veritrain_lib.llm.records import ChatProgress, ChatRequest, Endpoint, Estimate, Reply


class Chat(Protocol):
    """A chat model behind ledger, pace and budget."""

    @property
    def endpoint(self) -> Endpoint:
        """Where it is reached."""
        ...

    def estimate(self, requests: Sequence[ChatRequest]) -> Estimate:
        """What asking would cost, before anything is asked. Raises UserError for an unknown price."""
        ...

    def ask(
        self, requests: Sequence[ChatRequest], *, on_progress: Callable[[ChatProgress], None] | None = None
    ) -> list[Reply]:
        """One reply a request, in order; what the ledger holds is not asked again.

        Raises:
            OutOfMoney: The worst case of the next request would pass the cap; answers so far are in the ledger.
            UserError: No key or endpoint is set, or the price is unknown (before anything is sent).
        """
        ...
