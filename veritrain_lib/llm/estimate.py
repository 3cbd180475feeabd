"""What requests will cost, before they are asked.

The tokenizer is not needed: tokens a character and tokens a candidate are measured on what the ledger holds
for the same endpoint and purpose. Where it holds nothing, a rule of thumb stands in and the range is wide; then
`Chat.pilot` asks a random sample of the requests first (they count: nothing is asked twice).

The range follows from the sample: with n requests known, a spread s of their costs around what was foreseen and
m requests to come, the sum misses by a standard deviation of s * sqrt(m**2 / n + m).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from veritrain_lib.llm.budget import characters, most_output_tokens, worst_cost
from veritrain_lib.llm.ledger import Use
from veritrain_lib.llm.prices import Price
from veritrain_lib.llm.records import ChatRequest, Estimate, Usage

ENOUGH = 10
"""Earlier answers below which they are no measure."""
THUMB_SHARE, THUMB_OUTPUT = 0.5, 300
"""Without a measure: half of `max_tokens` is used, and no answer is longer than this many tokens on average."""
THUMB_SECONDS = (2.0, 10.0)
THUMB_MISS = 3.0
"""Without a measure the truth may be this many times more or less."""
WIDTH = 2.0
"""Standard deviations on either side of the likely value: about 95 in 100."""


@dataclass(frozen=True)
class Measure:
    """What earlier requests needed. `spread` is the standard deviation of a request's cost around what these
    figures foresee, in US dollars; `known` how many requests it was measured on (0: a rule of thumb)."""

    tokens_a_character: float
    tokens_a_message: float
    output_a_candidate: float | None
    cached_share: float
    seconds: tuple[float, float]
    spread: float
    known: int

    def foresee(self, request: ChatRequest) -> Usage:
        """The tokens a request will likely need."""
        if self.output_a_candidate is None:
            made = THUMB_OUTPUT * request.n
            if request.max_tokens is not None:
                made = min(made, math.ceil(THUMB_SHARE * request.max_tokens * request.n))
        else:
            made = round(self.output_a_candidate * request.n)
        given = round(
            self.tokens_a_character * characters(request) + self.tokens_a_message * len(request.messages)
        )
        return Usage(given, made, round(self.cached_share * given))


def measure(uses: Sequence[Use], price: Price) -> Measure:
    """Learn from earlier requests; with fewer than `ENOUGH` it is a rule of thumb (4 characters a token)."""
    uses = [use for use in uses if use.characters > 0 and use.input_tokens > 0]
    if len(uses) < ENOUGH:
        return Measure(0.25, 4.0, None, 0.0, THUMB_SECONDS, 0.0, 0)
    given = sum(use.input_tokens for use in uses)
    a_character = given / sum(use.characters for use in uses)
    a_candidate = sum(use.output_tokens for use in uses) / sum(use.candidates for use in uses)
    cached = sum(use.cached_tokens for use in uses) / given
    misses = []
    for use in uses:
        guess = a_character * use.characters
        foreseen = price.of(Usage(round(guess), round(a_candidate * use.candidates), round(cached * guess)))
        misses.append(price.of(Usage(use.input_tokens, use.output_tokens, use.cached_tokens)) - foreseen)
    spread = math.sqrt(math.fsum(miss * miss for miss in misses) / (len(misses) - 1))
    waits = sorted(use.seconds for use in uses)
    seconds = (sum(waits) / len(waits), waits[min(len(waits) - 1, int(0.95 * len(waits)))])
    return Measure(a_character, 0.0, a_candidate, cached, seconds, spread, len(uses))


def estimate(
    requests: Sequence[ChatRequest],
    *,
    stored: int,
    known: Measure,
    price: Price,
    at_once: int,
    per_second: float | None,
) -> Estimate:
    """What these requests (none of them stored) will cost. `per_second` is the service's limit, if it is known.

    Raises UserError when the worst cost of one is not known.
    """
    foreseen = [known.foresee(request) for request in requests]
    likely = math.fsum(price.of(usage) for usage in foreseen)
    worst = math.fsum(worst_cost(request, price) for request in requests)
    free = price.input == price.output == 0
    most = [usage.output_tokens if free else most_output_tokens(request, price)
            for usage, request in zip(foreseen, requests, strict=True)]  # fmt: skip
    m = len(requests)
    if known.known:
        miss = WIDTH * known.spread * math.sqrt(m * m / known.known + m)
        span = (max(0.0, likely - miss), min(worst, likely + miss))
        basis = f"measured on {known.known} earlier answers, prices of {price.date}"
    else:
        span = (likely / THUMB_MISS, min(worst, likely * THUMB_MISS))
        basis = f"rule of thumb (no earlier answers), prices of {price.date}"
    rounds = math.ceil(m / at_once) if m else 0
    floor = m / per_second if per_second else 0.0
    quick, slow = (max(floor, rounds * one) for one in known.seconds)
    return Estimate(
        requests=m + stored,
        stored=stored,
        input_tokens=sum(usage.input_tokens for usage in foreseen),
        output_tokens=(sum(usage.output_tokens for usage in foreseen), sum(most)),
        money=(likely, worst),
        seconds=(quick, slow),
        range=span,
        basis=basis,
    )


@dataclass(frozen=True)
class Pilot:
    """What a pilot found: `paid` US dollars for the sample, and what the rest will cost."""

    paid: float
    rest: Estimate

    @property
    def money(self) -> float:
        """The likely cost of all requests together, in US dollars."""
        return self.paid + self.rest.money[0]

    @property
    def range(self) -> tuple[float, float]:
        """About 95 in 100 true costs lie inside."""
        low, high = self.rest.range or self.rest.money
        return self.paid + low, self.paid + high
