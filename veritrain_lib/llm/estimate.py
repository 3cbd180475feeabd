"""Functions that estimate the cost of requests to a paid chat model before they are sent.

No tokenizer is needed: tokens per character and tokens per candidate are measured on earlier requests in the
ledger for the same endpoint and purpose. Without earlier requests a rule of thumb applies and the range is
wide; then `LedgerChat.pilot` can send a random sample of the requests first, whose answers are kept.

The range follows from the sample: with n earlier requests, a standard deviation s of their costs around the
predicted costs, and m requests to come, the predicted total has a standard deviation of s * sqrt(m**2 / n +
m).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from veritrain_lib.llm.ledger import UsageRecord
from veritrain_lib.llm.prices import Price
from veritrain_lib.llm.records import ChatRequest, Estimate, Usage
from veritrain_lib.llm.worst_cost import characters, max_output_tokens, worst_cost

MIN_ANSWERS = 10
"""Minimum number of earlier answers for an estimate from measured usage; with fewer, the rule of thumb is used."""
DEFAULT_OUTPUT_SHARE, DEFAULT_OUTPUT_TOKENS = 0.5, 300
"""Rule of thumb for output without earlier answers: half of `max_tokens`, but at most 300 tokens per candidate."""
DEFAULT_SECONDS = (2.0, 10.0)
DEFAULT_FACTOR = 3.0
"""Factor of the cost range without earlier answers: the true cost may be a third or three times the likely one."""
RANGE_DEVIATIONS = 2.0
"""Half width of the cost range in standard deviations; 2 covers about 95 of 100 cases."""


@dataclass(frozen=True)
class UsageProfile:
    """Token usage measured on earlier requests to a chat model, from which the usage of new requests is predicted.

    Attributes:
        tokens_per_character: Input tokens per character.
        tokens_per_message: Further input tokens per message.
        output_per_candidate: Output tokens per candidate; None for the rule of thumb.
        cached_share: Share of the input tokens that the provider billed as cached.
        seconds: Duration of a request: mean and 95th percentile.
        spread: Standard deviation of a request's cost around its prediction, in US dollars.
        sample_size: Number of requests that were measured; 0 for the rule of thumb.
    """

    tokens_per_character: float
    tokens_per_message: float
    output_per_candidate: float | None
    cached_share: float
    seconds: tuple[float, float]
    spread: float
    sample_size: int

    def predict(self, request: ChatRequest) -> Usage:
        """Return the predicted token usage of a new chat request."""
        if self.output_per_candidate is None:
            output_tokens = DEFAULT_OUTPUT_TOKENS * request.n
            if request.max_tokens is not None:
                output_tokens = min(
                    output_tokens, math.ceil(DEFAULT_OUTPUT_SHARE * request.max_tokens * request.n)
                )
        else:
            output_tokens = round(self.output_per_candidate * request.n)
        input_tokens = round(
            self.tokens_per_character * characters(request) + self.tokens_per_message * len(request.messages)
        )
        return Usage(input_tokens, output_tokens, round(self.cached_share * input_tokens))


def usage_profile(uses: Sequence[UsageRecord], price: Price) -> UsageProfile:
    """Measure the token usage of earlier requests to a chat model.

    Args:
        uses: Usage of the earlier requests.
        price: The model's price.

    Returns:
        The measured profile; with fewer than `MIN_ANSWERS` requests a rule of thumb (4 characters per token).
    """
    uses = [use for use in uses if use.characters > 0 and use.input_tokens > 0]
    if len(uses) < MIN_ANSWERS:
        return UsageProfile(0.25, 4.0, None, 0.0, DEFAULT_SECONDS, 0.0, 0)
    input_tokens = sum(use.input_tokens for use in uses)
    per_character = input_tokens / sum(use.characters for use in uses)
    per_candidate = sum(use.output_tokens for use in uses) / sum(use.candidates for use in uses)
    cached = sum(use.cached_tokens for use in uses) / input_tokens
    errors = []
    for use in uses:
        predicted_input = per_character * use.characters
        predicted = price.of(
            Usage(
                round(predicted_input), round(per_candidate * use.candidates), round(cached * predicted_input)
            )
        )
        errors.append(price.of(Usage(use.input_tokens, use.output_tokens, use.cached_tokens)) - predicted)
    spread = math.sqrt(math.fsum(error * error for error in errors) / (len(errors) - 1))
    durations = sorted(use.seconds for use in uses)
    seconds = (
        sum(durations) / len(durations),
        durations[min(len(durations) - 1, int(0.95 * len(durations)))],
    )
    return UsageProfile(per_character, 0.0, per_candidate, cached, seconds, spread, len(uses))


def estimate(
    requests: Sequence[ChatRequest],
    *,
    stored: int,
    profile: UsageProfile,
    price: Price,
    at_once: int,
    per_second: float | None,
) -> Estimate:
    """Estimate cost and duration of chat requests that have no stored answer.

    Args:
        requests: The requests.
        stored: Number of further requests whose answers are stored and free.
        profile: Token usage of earlier requests.
        price: The model's price.
        at_once: Maximum number of requests in flight at the same time.
        per_second: The service's limit in requests per second; None if unknown.

    Raises:
        UserError: The worst-case cost of a request is not known.
    """
    predicted = [profile.predict(request) for request in requests]
    likely = math.fsum(price.of(usage) for usage in predicted)
    worst = math.fsum(worst_cost(request, price) for request in requests)
    free = price.input == price.output == 0
    max_outputs = [usage.output_tokens if free else max_output_tokens(request, price)
            for usage, request in zip(predicted, requests, strict=True)]  # fmt: skip
    m = len(requests)
    if profile.sample_size:
        margin = RANGE_DEVIATIONS * profile.spread * math.sqrt(m * m / profile.sample_size + m)
        money_range = (max(0.0, likely - margin), min(worst, likely + margin))
        basis = f"measured on {profile.sample_size} earlier answers, prices of {price.date}"
    else:
        money_range = (likely / DEFAULT_FACTOR, min(worst, likely * DEFAULT_FACTOR))
        basis = f"rule of thumb (no earlier answers), prices of {price.date}"
    rounds = math.ceil(m / at_once) if m else 0
    minimum_seconds = m / per_second if per_second else 0.0
    quick, slow = (max(minimum_seconds, rounds * seconds) for seconds in profile.seconds)
    return Estimate(
        requests=m + stored,
        stored=stored,
        input_tokens=sum(usage.input_tokens for usage in predicted),
        output_tokens=(sum(usage.output_tokens for usage in predicted), sum(max_outputs)),
        money=(likely, worst),
        seconds=(quick, slow),
        range=money_range,
        basis=basis,
    )


@dataclass(frozen=True)
class PilotEstimate:
    """Estimate of the total cost of chat requests, of which a random sample has been sent and paid for.

    Attributes:
        paid: Cost of the sample, in US dollars.
        rest: Estimate for the requests that have not been sent.
    """

    paid: float
    rest: Estimate

    @property
    def money(self) -> float:
        """The likely total cost in US dollars: the paid sample plus the estimate for the rest."""
        return self.paid + self.rest.money[0]

    @property
    def range(self) -> tuple[float, float]:
        """The range of the total cost, in US dollars, that contains the true cost in about 95 of 100 cases."""
        low, high = self.rest.range or self.rest.money
        return self.paid + low, self.paid + high
