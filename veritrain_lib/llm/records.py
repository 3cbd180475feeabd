"""Data types of chat requests, replies and cost estimates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from veritrain_lib.core import digest

ReplyOutcome = Literal["done", "refused", "filtered", "invalid", "failed"]
"""Outcome of a chat request.

`done`: answered. `refused`: the model refused. `filtered`: the provider's content filter intervened.
`invalid`: the answer violates the requested JSON Schema or was cut off. `failed`: no answer in spite of every
retry.
"""


@dataclass(frozen=True)
class Endpoint:
    """Location of a chat model: provider, model name and URL, without the API key.

    The key is read from the environment at every call.

    Attributes:
        provider: Name of the provider, one of `providers.PROVIDERS`.
        model: Name of the model, or for Azure of the deployment.
        base_url: URL of the service; None for the provider's own.
        api_version: Azure's API version; None for the unversioned API and for OpenAI.
    """

    provider: str
    model: str
    base_url: str | None = None
    api_version: str | None = None

    @property
    def address(self) -> str:
        """The address by which task files and commands name the chat model: `openai:/MODEL` or `azure:/DEPLOYMENT`."""
        return f"{self.provider}:/{self.model}"


@dataclass(frozen=True)
class Message:
    """One message of a conversation with a chat model; `role` is `system`, `user` or `assistant`."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class ChatRequest:
    """One request to a chat model: messages and generation settings.

    Attributes:
        messages: Messages of the conversation.
        sample: Number that distinguishes repetitions: the same messages with another number are sent anew
            instead of being answered from the ledger.
        n: Number of candidates to generate.
        temperature: Sampling temperature; None for the provider's default.
        max_tokens: Maximum number of tokens of one candidate; None for the model's limit.
        seed: Seed for the provider; None for none.
        schema: JSON Schema that every candidate's text must fulfil; None for free text.
        log_probabilities: Whether to ask for log probabilities of tokens; some providers return none.
        purpose: `teacher`, `judge`, `model` or `probe`. It is used for statistics and is not part of the
            digest.
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
        """Return the SHA-256 of the request's content, by which the ledger of paid answers finds its answer.

        It covers everything that can change the answer, `sample` included.
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
    """One candidate of a chat model's reply.

    Attributes:
        text: Text of the candidate.
        outcome: Outcome of this candidate; an unusable candidate does not affect the others.
        reason: Reason why the outcome is not `done`; empty otherwise.
        log_probability: Sum of the log probabilities of its tokens; None where the provider returned none.
    """

    text: str
    outcome: ReplyOutcome = "done"
    reason: str = ""
    log_probability: float | None = None


@dataclass(frozen=True)
class Usage:
    """Token counts of a chat request as reported by the provider; the cached tokens are part of the input tokens."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True)
class Reply:
    """Reply of a chat model to one request: its candidates, or the reason why there are none.

    Attributes:
        digest: Digest of the request.
        outcome: `done` if at least one candidate is usable; else the outcome of the first candidate, or
            `failed`.
        reason: Reason why the outcome is not `done`; empty otherwise.
        choices: The candidates.
        usage: Token counts.
        cost: US dollars that were paid for the answer when it was first requested.
        seconds: Duration of the request.
        stored: Whether the answer came from the ledger and cost nothing this time.
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
        """The texts of the reply's usable candidates, in the provider's order."""
        return [choice.text for choice in self.choices if choice.outcome == "done"]


@dataclass(frozen=True)
class Estimate:
    """Estimated cost and duration of chat requests.

    Attributes:
        requests: Number of requests.
        stored: Number of these requests whose answers are stored and free.
        input_tokens: Likely number of input tokens.
        output_tokens: Number of output tokens: likely number and upper bound.
        money: Cost in US dollars: likely amount and worst case, which the budget reserves.
        seconds: Duration in seconds, if answers come quickly and if they come slowly.
        range: Lower and upper end of the likely cost in US dollars; if it was measured, it contains the true
            cost in about 95 of 100 cases. None where there is no range.
        basis: The data on which the figures are based, in words.
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
        """Return the estimate as one line for people."""
        low, high = self.range or self.money
        return (
            f"{self.requests} requests ({self.stored} stored already): about ${self.money[0]:.4f} "
            f"(${low:.4f} to ${high:.4f}; worst case ${self.money[1]:.4f}), {self.input_tokens} tokens in, "
            f"{self.output_tokens[0]} out, {self.seconds[0]:.0f} to {self.seconds[1]:.0f} s; {self.basis}"
        )


@dataclass(frozen=True)
class ChatProgress:
    """Progress of a batch of chat requests, passed to the caller's callback.

    Attributes:
        done: Requests that have a reply, including those whose answers were stored before.
        total: All requests of the batch.
        per_second: New replies per second; stored answers do not count.
        cost: US dollars so far.
        seconds_left: Estimated seconds until the end; None if unknown.
    """

    done: int
    total: int
    per_second: float
    cost: float
    seconds_left: float | None
