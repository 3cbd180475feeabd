"""Settings and statistics of a batch of chat requests, and the function that turns a stored answer into a reply."""

from __future__ import annotations

from dataclasses import dataclass

from veritrain_lib.llm import answers
from veritrain_lib.llm.ledger import StoredAnswer
from veritrain_lib.llm.records import ChatRequest, Endpoint, Reply, Usage
from veritrain_lib.redaction import redact_passwords


@dataclass
class ChatStats:
    """Running totals of a chat client's work: requests sent, answers, retries and cost.

    Attributes:
        sent: HTTP requests sent, repeated ones included.
        answered: Requests whose answers arrived and were stored in the ledger.
        stored: Replies that were in the ledger already and were not requested.
        held_back: Responses with HTTP status 429 (too many requests).
        faults: Responses that were neither an answer nor a 429.
        possibly_paid_again: Requests sent although an earlier request for the same answer was cut off (a
            kill, a broken connection) and may have been billed.
        cost: Cost of the answers, in US dollars.
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
    """Settings of a batch of chat requests: the account that pays, its cost cap, number of attempts and time limits.

    Attributes:
        account: Account in the ledger that the cost is charged to.
        cap: Maximum amount in US dollars that the account may spend; None for no cap.
        at_once: Maximum number of requests in flight at the same time.
        timeout: Seconds after which one attempt is given up.
        attempts: Maximum number of attempts per request; responses with status 429 do not count.
        patience: Seconds for which a request is repeated while the service responds with 429.
        first_wait: Seconds before the second attempt; the wait doubles with every further one.
    """

    account: str
    cap: float | None
    at_once: int = 32
    timeout: float = 120.0
    attempts: int = 8
    patience: float = 900.0
    first_wait: float = 0.25


def ledger_endpoint(endpoint: Endpoint) -> str:
    """Return the text that identifies an endpoint in the ledger: its address and its URL without password."""
    return f"{endpoint.address} {redact_passwords(endpoint.base_url or '')}".strip()


def reply_of(request: ChatRequest, stored: StoredAnswer) -> Reply:
    """Return a stored answer of a chat model as a reply whose candidates have been checked."""
    choices, outcome, reason = answers.choices_of(request, stored.status, stored.raw.encode())
    usage = Usage(stored.input_tokens, stored.output_tokens, stored.cached_tokens)
    return Reply(stored.digest, outcome, reason, choices, usage, stored.cost, stored.seconds, stored=True)
