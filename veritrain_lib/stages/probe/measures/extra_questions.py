"""Further questions that the probe asks a model, within a limit of rows and a budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from veritrain_lib.core.errors import Refused

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.llm.records import Estimate
    from veritrain_lib.models.base import Model

QUICK_SECONDS = 2.0
"""Largest time for all first answers, in seconds, with which a free model counts as quick.

A quick model is asked three times as many rows again.
"""


@runtime_checkable
class PaidModel(Protocol):
    """Protocol of a model whose answers cost money and are stored.

    A stored answer is returned again for the same question, so a second answer needs another sample number.
    """

    def answer_again(self, rows: pd.DataFrame, sample: int) -> Sequence[Response]:
        """Ask the paid model about the rows and return one response per row, stored under the given sample number."""
        ...

    def estimate(self, rows: pd.DataFrame, sample: int = 0) -> Estimate:
        """Return the estimated cost of asking the paid model about the rows under a sample number; ask nothing."""
        ...


class ExtraQuestions:
    """Further questions of the probe to one model, under one budget.

    Attributes:
        model: The model.
        left: The rest of the budget for a paid model, in US dollars.
        notes: Sentences that say what could not be asked, and why.
    """

    def __init__(self, model: Model, money: float) -> None:
        self.model = model
        self.left = money
        self.notes: list[str] = []

    @property
    def paid(self) -> bool:
        """Whether questions to the probed model cost money."""
        return isinstance(self.model, PaidModel)

    def ask(self, name: str, rows: pd.DataFrame, sample: int = 0) -> list[Response] | None:
        """Ask the probed model about rows, if the budget allows it.

        Nothing is asked if the likely cost is above the rest of the budget. If the budget runs out while answers come
        in, the answers are not used and the rest of the budget becomes 0.

        Args:
            name: The name of the measure, for the notes.
            rows: The rows.
            sample: The sample number for a paid model; another number than before gets a new answer.

        Returns:
            One response per row; None when the budget does not allow it, which a note then says.
        """
        if not len(rows):
            return []
        model = self.model
        if not isinstance(model, PaidModel):
            return model.answer(rows)
        likely = model.estimate(rows, sample).money[0]
        if likely > self.left:
            self.notes.append(
                f"{name} was not measured: it would cost about {likely:.4f} US dollars and "
                f"{self.left:.4f} are left; raise budget.money in the task, or set extra_rows lower"
            )
            return None
        try:
            responses = list(model.answer_again(rows, sample))
        except Refused as refusal:
            self.notes.append(f"{name} was not measured: {refusal}")
            self.left = 0.0
            return None
        self.left -= spent(responses)
        return responses


def spent(responses: Sequence[Response]) -> float:
    """Return the US dollars that responses cost in this run; an answer from the ledger costs nothing again."""
    return sum(response.cost or 0.0 for response in responses if not response.stored)


def rows_again(rows: pd.DataFrame, extra_rows: int, seed: int, *, bounded: bool) -> pd.DataFrame:
    """Draw at random, and return, the rows that the probe asks the model about again.

    Args:
        rows: The rows that were asked.
        extra_rows: The number to draw; all rows if there are fewer.
        seed: Random seed of the draw.
        bounded: Whether the model is paid or slow; if not, three times as many rows are drawn.
    """
    limit = extra_rows if bounded else 3 * extra_rows
    return rows.sample(n=min(limit, len(rows)), random_state=seed).sort_index()
