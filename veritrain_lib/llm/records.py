"""The frozen types of this package: requests to a chat model, and its replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from veritrain_lib.core import digest

Provider = Literal["openai", "azure"]
ReplyOutcome = Literal["done", "refused", "filtered", "invalid", "failed"]
"""How a request ended.

done: answered. refused: the model refused. filtered: the provider's content filter. invalid: an answer that violates
the requested JSON schema or was cut off. failed: no answer in spite of every retry.
"""


@dataclass(frozen=True)
class Endpoint:
    """The address of a chat model. It never holds the key: that is read from the environment at the call.

    Attributes:
        provider: `openai` or `azure`.
        model: The model's name, with Azure the deployment's.
        base_url: URL of the service; None for the provider's own.
        api_version: Azure's API version; None for none.
    """

    provider: Provider
    model: str
    base_url: str | None = None
    api_version: str | None = None

    @property
    def address(self) -> str:
        """`openai:/<model>` or `azure:/<deployment>`, as models and teachers are named."""
        return f"{self.provider}:/{self.model}"


@dataclass(frozen=True)
class Message:
    """One turn of a conversation: `role` is system, user or assistant."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class ChatRequest:
    """One request to a chat model.

    Attributes:
        messages: The conversation.
        sample: Number that distinguishes repeated questions: with another sample the same question is asked anew.
        n: Number of candidates.
        temperature: Sampling temperature.
        max_tokens: Most tokens of an answer.
        seed: Seed for the provider.
        schema: JSON Schema that every candidate's text must fulfil.
        log_probabilities: Whether to ask for them (absent where a provider gives none).
        purpose: teacher, judge, model or probe; for people, does not count in the digest.
    """

    messages: tuple[Message, ...]
    sample: int = 0
    n: int = 1
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    schema: Mapping[str, Any] | None = None
    log_probabilities: bool = False
    purpose: str = ""

    def digest(self, endpoint: Endpoint) -> str:
        """Return the SHA-256 that names the request in the ledger.

        It covers all that can change the answer, `sample` included.
        """
        digest_fields = {
            "endpoint": [endpoint.provider, endpoint.model, endpoint.base_url],
            "messages": [[message.role, message.content] for message in self.messages],
            "sample": self.sample,
            "n": self.n,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "schema": dict(self.schema) if self.schema is not None else None,
            "log_probabilities": self.log_probabilities,
        }
        return digest.of_json(digest_fields)


@dataclass(frozen=True)
class Choice:
    """One candidate.

    Attributes:
        text: Its text.
        outcome: Its own outcome: one bad candidate does not affect the others.
        reason: Why it is not `done`.
        log_probability: Sum over its tokens, None where none was given.
    """

    text: str
    outcome: ReplyOutcome = "done"
    reason: str = ""
    log_probability: float | None = None


@dataclass(frozen=True)
class Usage:
    """Tokens as the provider counted them."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True)
class Reply:
    """The reply to one request.

    Attributes:
        digest: Digest of the request.
        outcome: `done` when at least one choice is; else the first choice's, or `failed`.
        reason: Why it is not `done`.
        choices: The candidates.
        usage: Tokens.
        cost: US dollars that the answer cost when it was paid.
        seconds: Duration of the request.
        stored: Whether it came from the ledger and cost nothing now.
    """

    digest: str
    outcome: ReplyOutcome
    reason: str = ""
    choices: tuple[Choice, ...] = ()
    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0
    seconds: float = 0.0
    stored: bool = False

    @property
    def texts(self) -> list[str]:
        """The texts of the good candidates, in the provider's order."""
        return [choice.text for choice in self.choices if choice.outcome == "done"]


@dataclass(frozen=True)
class Estimate:
    """The estimated cost of requests; tokens, US dollars and seconds are each (likely, at most).

    Attributes:
        requests: Number of requests.
        stored: Requests whose answers are in the ledger already and free.
        input_tokens: Input tokens.
        output_tokens: Output tokens.
        money: US dollars; the second is the worst case, which the budget reserves.
        seconds: Duration.
        range: Range of the likely money (about 95 in 100 lie inside, when measured).
        basis: The data that the figures are based on.
    """

    requests: int
    stored: int
    input_tokens: int
    output_tokens: tuple[int, int]
    money: tuple[float, float]
    seconds: tuple[float, float]
    range: tuple[float, float] | None = None
    basis: str = ""

    def __str__(self) -> str:
        """Return one line for people."""
        low, high = self.range or self.money
        return (
            f"{self.requests} requests ({self.stored} stored already): about ${self.money[0]:.4f} "
            f"(${low:.4f} to ${high:.4f}; worst case ${self.money[1]:.4f}), {self.input_tokens} tokens in, "
            f"{self.output_tokens[0]} out, {self.seconds[0]:.0f} to {self.seconds[1]:.0f} s; {self.basis}"
        )


@dataclass(frozen=True)
class ChatProgress:
    """The progress of a batch of requests.

    Answers that were in the ledger before are done from the start and do not count in the rate.

    Attributes:
        done: Requests that are done.
        total: All requests.
        per_second: Requests a second.
        cost: US dollars so far.
        seconds_left: Estimate, None if unknown.
    """

    done: int
    total: int
    per_second: float
    cost: float
    seconds_left: float | None
