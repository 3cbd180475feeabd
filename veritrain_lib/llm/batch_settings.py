"""Settings and statistics of a batch, and the conversion of a stored answer into a reply."""

from __future__ import annotations

from dataclasses import dataclass

from veritrain_lib.llm import answers
from veritrain_lib.llm.ledger import StoredAnswer
from veritrain_lib.llm.records import ChatRequest, Endpoint, Reply, Usage
from veritrain_lib.redaction import redact_passwords


@dataclass
class ChatStats:
    """Counts of what a chat has done.

    Attributes:
        sent: HTTP requests.
        answered: Requests whose answers were stored.
        stored: Replies that were in the ledger already.
        held_back: Responses with status 429.
        faults: Responses that were neither an answer nor a 429.
        possibly_paid_again: Requests sent although an earlier request for the same answer was cut off (a kill, a
            broken connection) and may have been billed.
        cost: US dollars.
    """

    sent: int = 0
    answered: int = 0
    stored: int = 0
    held_back: int = 0
    faults: int = 0
    possibly_paid_again: int = 0
    cost: float = 0.0


@dataclass(frozen=True)
class BatchSettings:
    """Settings of a batch.

    Attributes:
        account: Account in the ledger whose money is spent.
        cap: US dollars for the account, None for no cap.
        at_once: Most requests in flight.
        timeout: Seconds for one attempt.
        attempts: How often an answer is tried for.
        patience: Seconds of 429 for one request.
        first_wait: Seconds before the second attempt; doubled each time.
    """

    account: str
    cap: float | None
    at_once: int = 32
    timeout: float = 120.0
    attempts: int = 8
    patience: float = 900.0
    first_wait: float = 0.25


def ledger_endpoint(endpoint: Endpoint) -> str:
    """Return the name of an endpoint in the ledger."""
    return f"{endpoint.address} {redact_passwords(endpoint.base_url or '')}".strip()


def reply_of(request: ChatRequest, stored: StoredAnswer) -> Reply:
    """Return the checked reply of a stored answer."""
    choices, outcome, reason = answers.choices_of(request, stored.status, stored.raw.encode())
    usage = Usage(stored.input_tokens, stored.output_tokens, stored.cached_tokens)
    return Reply(stored.digest, outcome, reason, choices, usage, stored.cost, stored.seconds, stored=True)
