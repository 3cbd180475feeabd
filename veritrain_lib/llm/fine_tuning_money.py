"""Functions that estimate, reserve under the cost cap, and finally book the cost of a fine-tuning job.

A job is billed by trained tokens: the tokens of the training file times the epochs. The reservation is a
claim in the ledger that belongs to the provider and not to a process: a killed process does not end it,
because the job goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from veritrain_lib.core.errors import BudgetExceeded, UserError
from veritrain_lib.llm.owner import PROVIDER
from veritrain_lib.llm.prices import BUILT_IN, MILLION, find_price
from veritrain_lib.llm.worst_cost import MESSAGE_OVERHEAD_TOKENS, REQUEST_OVERHEAD_TOKENS

if TYPE_CHECKING:
    from veritrain_lib.llm.fine_tuning import TuningJob
    from veritrain_lib.llm.ledger import Ledger
    from veritrain_lib.llm.records import Endpoint, Message

Result = TypeVar("Result")

TOKENS_PER_CHARACTER, TOKENS_PER_MESSAGE = 0.25, 4
"""Tokens per character and per message for the likely cost, a rule of thumb for English text.

Other languages and JSON need more, but never more than one token per byte.
"""


@dataclass(frozen=True)
class TrainingCost:
    """Estimated cost of a fine-tuning job.

    Attributes:
        examples: Number of examples.
        epochs: Number of epochs.
        tokens: Tokens of the training file: likely number and upper bound.
        money: Cost in US dollars: likely amount and upper bound.
        price: US dollars for a million trained tokens.
        date: Date of the price list.
        hosting: US dollars per hour for a deployment of the tuned model; None when not charged.
    """

    examples: int
    epochs: int
    tokens: tuple[int, int]
    money: tuple[float, float]
    price: float
    date: str
    hosting: float | None = None

    def sentence(self) -> str:
        """Return the cost estimate of a fine-tuning job as one or two sentences for people."""
        likely, highest = self.tokens
        hosting = f" A deployment costs ${self.hosting:.2f} an hour on top." if self.hosting else ""
        return (
            f"{self.examples} examples, about {likely:,} tokens (at most {highest:,}) x {self.epochs} epochs at "
            f"${self.price:.2f} a million (prices of {self.date}): about ${self.money[0]:.2f}, at most "
            f"${self.money[1]:.2f}.{hosting}"
        )


def training_cost(endpoint: Endpoint, examples: Sequence[Sequence[Message]], epochs: int) -> TrainingCost:
    """Estimate the cost of a fine-tuning job from its training examples and the provider's prices.

    Args:
        endpoint: The model to train.
        examples: One list of messages for each example, the answer included.
        epochs: Number of epochs.

    Raises:
        UserError: The price of the model, or of training it, is unknown.
    """
    price = find_price(endpoint.address, endpoint.model)
    if price.training is None:
        raise UserError(
            f"no price of training is known for {endpoint.address}: an unknown price is not free. Write `training` "
            f"(US dollars for a million trained tokens) into its entry of a copy of {BUILT_IN.name} and name the file "
            "in VERITRAIN_PRICES; or choose a model that can be trained"
        )
    likely = highest = 0
    for messages in examples:
        likely += round(
            sum(len(message.content) * TOKENS_PER_CHARACTER + TOKENS_PER_MESSAGE for message in messages)
        )
        highest += REQUEST_OVERHEAD_TOKENS + sum(
            len(message.content.encode("utf-8", "replace")) + MESSAGE_OVERHEAD_TOKENS for message in messages
        )
    money = tuple(tokens * epochs * price.training / MILLION for tokens in (likely, highest))
    return TrainingCost(
        len(examples),
        epochs,
        (likely, highest),
        (money[0], money[1]),
        price.training,
        price.date,
        price.hosting,
    )


def reserve(ledger: Ledger, key: str, account: str, cost: TrainingCost, cap: float | None) -> None:
    """Reserve the upper bound of a fine-tuning job's cost in the ledger.

    A reservation that the same job has already, even from a killed process, is kept and not doubled.

    Args:
        ledger: The ledger of paid answers.
        key: `TuningJobSpec.key`.
        account: Account in the ledger that pays.
        cost: The cost estimate.
        cap: Maximum amount in US dollars that the account may spend; None for no cap.

    Raises:
        BudgetExceeded: The reservation would exceed the cap.
    """
    result, spent = _run_now(ledger.claim(_name(key), _owner(key), account, cost.money[1], cap))
    if result == "no money" and cap is not None:
        raise BudgetExceeded(
            f"this fine-tuning job may cost ${cost.money[1]:.2f} (likely ${cost.money[0]:.2f}); of the cap of "
            f"${cap:.2f} (budget.money) ${spent.total:.2f} is spent or reserved. Raise the cap, or train on fewer rows "
            "or epochs."
        )


def settle(
    ledger: Ledger, key: str, account: str, endpoint: Endpoint, cost: TrainingCost, job: TuningJob
) -> float:
    """Replace the reservation of a finished fine-tuning job by its real cost, and return this cost in US dollars.

    The cost follows from the provider's count of trained tokens. Without a count, a failed job costs nothing
    and any other job the upper bound of its estimate. A job whose cost is booked already is not charged
    again.

    Args:
        ledger: The ledger of paid answers.
        key: `TuningJobSpec.key`.
        account: Account in the ledger that pays.
        endpoint: The model that was trained.
        cost: The cost estimate, with the price of training.
        job: The finished job as the provider reports it.
    """
    from veritrain_lib.llm.ledger import StoredAnswer

    tokens = job.trained_tokens
    if tokens is None:
        tokens = 0 if job.status == "failed" else cost.tokens[1] * cost.epochs
    paid = tokens * cost.price / MILLION
    if not ledger.find([_name(key)]):
        stored = StoredAnswer(
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
        _run_now(ledger.put(stored, _owner(key)))
    return paid


def release(ledger: Ledger, key: str) -> None:
    """Cancel the reservation of a fine-tuning job that was never started."""
    _run_now(ledger.release(_name(key), _owner(key)))


def _name(key: str) -> str:
    return f"fine-tuning {key}"


def _owner(key: str) -> str:
    # Four parts like a process's owner; an owner on an unknown host never counts as dead.
    return f"{PROVIDER}/0/0/{key[:12]}"


def _run_now(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end and return its result, even where an event loop is running already (in a notebook)."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
