"""The frozen types of the llm room: what is asked of a chat model, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from veritrain_lib.core import digest

Provider = Literal["openai", "azure"]
Outcome = Literal["done", "refused", "filtered", "invalid", "failed"]
"""How a request ended: answered; the model refused; the provider's content filter; an answer that breaks the
asked-for JSON schema or was cut off; no answer in spite of every retry."""


@dataclass(frozen=True)
class Endpoint:
    """Where a chat model is reached. Never holds the key: that is read from the environment at the call.

    `model` is the model's name, with Azure the deployment's; `base_url` None means the provider's own.
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
    """One turn: `role` is system, user or assistant."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class ChatRequest:
    """One request. `sample` tells repeated questions apart: the same question with another sample is asked anew.

    `n` candidates are asked for; `schema` is a JSON Schema that every candidate's text must fulfil;
    `log_probabilities` asks for them (absent where a provider gives none); `purpose` (teacher, judge, model,
    probe) is for people and does not count in the digest.
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
        """SHA-256 that names the request in the ledger: all that can change the answer, sample included."""
        own = {
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
        return digest.of_json(own)


@dataclass(frozen=True)
class Choice:
    """One candidate. `outcome` is its own: one bad candidate does not spoil its neighbours.

    `log_probability` is the sum over its tokens, None where none was given.
    """

    text: str
    outcome: Outcome = "done"
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
    """What came back for one request, in the order of the requests.

    `outcome` is `done` when at least one choice is; else the first choice's, or `failed`. `cost` is what the
    answer cost in US dollars when it was paid; `stored` says that it came from the ledger and cost nothing now.
    """

    digest: str
    outcome: Outcome
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
    """What requests will cost: tokens, US dollars and seconds, each as (likely, at most).

    `at_most` money is the worst case that the budget reserves; `stored` requests are in the ledger already and free.
    `range` holds the likely money's uncertainty (about 95 in 100 lie inside, when measured), `basis` what the
    figures rest on.
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
        """One line for people."""
        low, high = self.range or self.money
        return (
            f"{self.requests} requests ({self.stored} stored already): about ${self.money[0]:.4f} "
            f"(${low:.4f} to ${high:.4f}; worst case ${self.money[1]:.4f}), {self.input_tokens} tokens in, "
            f"{self.output_tokens[0]} out, {self.seconds[0]:.0f} to {self.seconds[1]:.0f} s; {self.basis}"
        )


@dataclass(frozen=True)
class ChatProgress:
    """Where a batch of requests is: done of all, how many a second, dollars so far, seconds left (None: unknown).

    What the ledger held already is done from the start and does not count in the rate.
    """

    done: int
    total: int
    per_second: float
    cost: float
    seconds_left: float | None
