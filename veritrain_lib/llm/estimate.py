"""Estimates of the cost of requests, before they are sent.

No tokenizer is needed: tokens per character and tokens per candidate are measured on earlier requests in the ledger
for the same endpoint and purpose. Where there are none, a rule of thumb applies and the range is wide; then
`LedgerChat.pilot` sends a random sample of the requests first (they count: nothing is asked twice).

The range follows from the sample: with n requests known, a spread s of their costs around the predicted costs and
m requests to come, the sum misses by a standard deviation of s * sqrt(m**2 / n + m).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from veritrain_lib.llm.budget import characters, max_output_tokens, worst_cost
from veritrain_lib.llm.ledger import UsageRecord
from veritrain_lib.llm.prices import Price
from veritrain_lib.llm.records import ChatRequest, Estimate, Usage

MIN_ANSWERS = 10
"""Number of earlier answers from which on they are used."""
DEFAULT_OUTPUT_SHARE, DEFAULT_OUTPUT_TOKENS = 0.5, 300
"""Without earlier answers: half of `max_tokens` is used, and no answer is longer than this on average."""
DEFAULT_SECONDS = (2.0, 10.0)
DEFAULT_FACTOR = 3.0
"""Without earlier answers the true cost may be this many times more or less."""
RANGE_DEVIATIONS = 2.0
"""Standard deviations on either side of the likely value: about 95 in 100."""


@dataclass(frozen=True)
class UsageProfile:
    """Token usage of earlier requests.

    Attributes:
        tokens_per_character: Input tokens per character.
        tokens_per_message: Further input tokens per message.
        output_per_candidate: Output tokens per candidate; None for the rule of thumb.
        cached_share: Share of the input tokens that were cached.
        seconds: Duration of a request: mean and 95th percentile.
        spread: Standard deviation of a request's cost around the prediction, in US dollars.
        sample_size: Number of requests it was measured on (0: a rule of thumb).
    """

    tokens_per_character: float
    tokens_per_message: float
    output_per_candidate: float | None
    cached_share: float
    seconds: tuple[float, float]
    spread: float
    sample_size: int

    def predict(self, request: ChatRequest) -> Usage:
        """Return the tokens that a request will likely need."""
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
    """Measure earlier requests.

    With fewer than `MIN_ANSWERS` of them the result is a rule of thumb (4 characters a token).
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
    """Return the likely cost of requests none of which is stored.

    Args:
        requests: The requests.
        stored: Number of further requests whose answers are stored.
        profile: Token usage of earlier requests.
        price: The model's price.
        at_once: Most requests in flight.
        per_second: The service's limit of requests per second; None if unknown.

    Raises:
        UserError: The worst cost of a request is not known.
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
    """The result of a pilot.

    Attributes:
        paid: US dollars for the sample.
        rest: Estimate of the remaining requests.
    """

    paid: float
    rest: Estimate

    @property
    def money(self) -> float:
        """The likely cost of all requests together, in US dollars."""
        return self.paid + self.rest.money[0]

    @property
    def range(self) -> tuple[float, float]:
        """The range, in US dollars, that contains about 95 in 100 true costs."""
        low, high = self.rest.range or self.rest.money
        return self.paid + low, self.paid + high
