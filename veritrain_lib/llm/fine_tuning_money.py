"""What a fine-tuning job costs: estimated before, reserved under the same cap as every paid answer, settled after.

A job is paid by trained tokens: those of the file times the epochs. The reservation is a claim in the ledger whose
owner is the provider, not a process: a kill does not end it, because the job goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from veritrain_lib.core.errors import OutOfMoney, UserError
from veritrain_lib.llm.budget import A_MESSAGE, A_REQUEST
from veritrain_lib.llm.prices import BUILT_IN, MILLION, find_price

if TYPE_CHECKING:
    from veritrain_lib.llm.fine_tuning import TuningJob
    from veritrain_lib.llm.ledger import Ledger
    from veritrain_lib.llm.records import Endpoint, Message

Result = TypeVar("Result")

TOKENS_A_CHARACTER, TOKENS_A_MESSAGE = 0.25, 4
"""Rule of thumb for English; other languages and JSON need more, at most a token a byte."""


@dataclass(frozen=True)
class TrainingCost:
    """What a job will cost: tokens of the file and US dollars, each as (likely, at most). `price` is US dollars for
    a million trained tokens, from the price list of `date`; `hosting` dollars an hour, None when not charged."""

    examples: int
    epochs: int
    tokens: tuple[int, int]
    money: tuple[float, float]
    price: float
    date: str
    hosting: float | None = None

    def sentence(self) -> str:
        """The estimate, for people."""
        likely, most = self.tokens
        hosting = f" A deployment costs ${self.hosting:.2f} an hour on top." if self.hosting else ""
        return (
            f"{self.examples} examples, about {likely:,} tokens (at most {most:,}) x {self.epochs} epochs at "
            f"${self.price:.2f} a million (prices of {self.date}): about ${self.money[0]:.2f}, at most "
            f"${self.money[1]:.2f}.{hosting}"
        )


def training_cost(endpoint: Endpoint, examples: Sequence[Sequence[Message]], epochs: int) -> TrainingCost:
    """Estimate a job for examples of whole conversations.

    Raises UserError when the price of the model, or of training it, is unknown.
    """
    price = find_price(endpoint.address, endpoint.model)
    if price.training is None:
        raise UserError(
            f"no price of training is known for {endpoint.address}: an unknown price is not free. Write `training` "
            f"(US dollars for a million trained tokens) into its entry of a copy of {BUILT_IN.name} and name the file "
            "in VERITRAIN_PRICES; or choose a model that can be trained"
        )
    likely = most = 0
    for messages in examples:
        likely += round(sum(len(one.content) * TOKENS_A_CHARACTER + TOKENS_A_MESSAGE for one in messages))
        most += A_REQUEST + sum(len(one.content.encode("utf-8", "replace")) + A_MESSAGE for one in messages)
    money = tuple(tokens * epochs * price.training / MILLION for tokens in (likely, most))
    return TrainingCost(
        len(examples),
        epochs,
        (likely, most),
        (money[0], money[1]),
        price.training,
        price.date,
        price.hosting,
    )


def reserve(ledger: Ledger, key: str, account: str, cost: TrainingCost, cap: float | None) -> None:
    """Reserve the most that a job can cost; one that was reserved before, by a killed process too, stays.

    Raises OutOfMoney when it would pass the cap (None: no cap).
    """
    said, spent = _now(ledger.claim(_name(key), _owner(key), account, cost.money[1], cap))
    if said == "no money" and cap is not None:
        raise OutOfMoney(
            f"this fine-tuning job may cost ${cost.money[1]:.2f} (likely ${cost.money[0]:.2f}); of the cap of "
            f"${cap:.2f} (budget.money) ${spent.total:.2f} is spent or reserved. Raise the cap, or train on fewer rows "
            "or epochs."
        )


def settle(
    ledger: Ledger, key: str, account: str, endpoint: Endpoint, cost: TrainingCost, job: TuningJob
) -> float:
    """Put what a finished job really cost in the place of its reservation; gives it in US dollars.

    By the provider's count of trained tokens. Without one a failed job cost nothing, and any other the estimate
    at its worst. A job that is settled already is not charged again.
    """
    from veritrain_lib.llm.ledger import Stored

    tokens = job.trained_tokens
    if tokens is None:
        tokens = 0 if job.status == "failed" else cost.tokens[1] * cost.epochs
    paid = tokens * cost.price / MILLION
    if not ledger.find([_name(key)]):
        stored = Stored(
            digest=_name(key),
            status=200,
            raw=f'{{"job": "{job.id}", "status": "{job.status}"}}',
            seconds=0.0,
            input_tokens=tokens,
            output_tokens=0,
            cached_tokens=0,
            cost=paid,
            endpoint=f"fine-tuning {endpoint.address}",
            purpose="training",
            account=account,
        )
        _now(ledger.put(stored, _owner(key)))
    return paid


def release(ledger: Ledger, key: str) -> None:
    """Give a reservation back: the job was never started."""
    _now(ledger.release(_name(key), _owner(key)))


def _name(key: str) -> str:
    return f"fine-tuning {key}"


def _owner(key: str) -> str:
    # Four parts like a process's owner; a host that is no machine of ours never counts as dead.
    return f"the provider/0/0/{key[:12]}"


def _now(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end, also where an event loop is running already (a notebook)."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
