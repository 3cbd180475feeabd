"""What a batch is asked under, what it has done, and how a stored answer becomes a reply."""

from __future__ import annotations

from dataclasses import dataclass

from veritrain_lib.llm import answers
from veritrain_lib.llm.ledger import Stored
from veritrain_lib.llm.records import ChatRequest, Endpoint, Reply, Usage
from veritrain_lib.redaction import without_password


@dataclass
class Tally:
    """What a chat has done: `sent` HTTP requests, `answered` of them stored, `stored` found in the ledger.

    `held_back` got a 429; `faults` anything else but an answer; `possibly_paid_again` were sent although an
    earlier request for the same answer was cut off (a kill, a broken connection) and may have been billed.
    """

    sent: int = 0
    answered: int = 0
    stored: int = 0
    held_back: int = 0
    faults: int = 0
    possibly_paid_again: int = 0
    cost: float = 0.0


@dataclass(frozen=True)
class Terms:
    """How a batch is asked. `attempts` an answer is tried for; `patience` seconds of 429 for one request;
    `timeout` seconds for one attempt; `cap` US dollars for the account, None for no cap."""

    account: str
    cap: float | None
    at_once: int = 32
    timeout: float = 120.0
    attempts: int = 8
    patience: float = 900.0
    first_wait: float = 0.25


def place_of(endpoint: Endpoint) -> str:
    """How the ledger names an endpoint."""
    return f"{endpoint.address} {without_password(endpoint.base_url or '')}".strip()


def reply_of(request: ChatRequest, stored: Stored) -> Reply:
    """The checked reply of a stored answer."""
    choices, outcome, reason = answers.choices_of(request, stored.status, stored.raw.encode())
    usage = Usage(stored.input_tokens, stored.output_tokens, stored.cached_tokens)
    return Reply(stored.digest, outcome, reason, choices, usage, stored.cost, stored.seconds, stored=True)
