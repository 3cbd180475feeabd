"""The cost of a fine-tuning job: estimated before, reserved under the cap of all paid answers, settled after.

A job is paid by trained tokens: those of the file times the epochs. The reservation is a claim in the ledger whose
owner is the provider, not a process: a kill does not end it, because the job goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from veritrain_lib.core.errors import BudgetExceeded, UserError
from veritrain_lib.llm.budget import MESSAGE_OVERHEAD_TOKENS, REQUEST_OVERHEAD_TOKENS
from veritrain_lib.llm.prices import BUILT_IN, MILLION, find_price

if TYPE_CHECKING:
    from veritrain_lib.llm.fine_tuning import TuningJob
    from veritrain_lib.llm.ledger import Ledger
    from veritrain_lib.llm.records import Endpoint, Message

Result = TypeVar("Result")

TOKENS_PER_CHARACTER, TOKENS_PER_MESSAGE = 0.25, 4
"""Rule of thumb for English; other languages and JSON need more, at most a token a byte."""


@dataclass(frozen=True)
class TrainingCost:
    """The estimated cost of a job.

    Attributes:
        examples: Number of examples.
        epochs: Number of epochs.
        tokens: Tokens of the file (likely, at most).
        money: US dollars (likely, at most).
        price: US dollars for a million trained tokens.
        date: Date of the price list.
        hosting: US dollars an hour for a deployment, None when not charged.
    """

    examples: int
    epochs: int
    tokens: tuple[int, int]
    money: tuple[float, float]
    price: float
    date: str
    hosting: float | None = None

    def sentence(self) -> str:
        """Return the estimate as a sentence for people."""
        likely, highest = self.tokens
        hosting = f" A deployment costs ${self.hosting:.2f} an hour on top." if self.hosting else ""
        return (
            f"{self.examples} examples, about {likely:,} tokens (at most {highest:,}) x {self.epochs} epochs at "
            f"${self.price:.2f} a million (prices of {self.date}): about ${self.money[0]:.2f}, at most "
            f"${self.money[1]:.2f}.{hosting}"
        )


def training_cost(endpoint: Endpoint, examples: Sequence[Sequence[Message]], epochs: int) -> TrainingCost:
    """Estimate the cost of a job.

    Args:
        endpoint: The model to train.
        examples: Full conversations.
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
    """Reserve the most that a job can cost; an earlier reservation, even of a killed process, stays.

    Args:
        ledger: The ledger.
        key: `TuningJobSpec.key`.
        account: Account in the ledger.
        cost: The estimate.
        cap: US dollars for the account; None for no cap.

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
    """Replace a finished job's reservation by its real cost and return that in US dollars.

    It follows the provider's count of trained tokens. Without one a failed job cost nothing, and any other the estimate
    at its worst. A job that is settled already is not charged again.
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
    """Cancel a reservation: the job was never started."""
    _run_now(ledger.release(_name(key), _owner(key)))


def _name(key: str) -> str:
    return f"fine-tuning {key}"


def _owner(key: str) -> str:
    # Four parts like a process's owner; an owner on an unknown host never counts as dead.
    return f"the provider/0/0/{key[:12]}"


def _run_now(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end, even where an event loop is running already (a notebook)."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
