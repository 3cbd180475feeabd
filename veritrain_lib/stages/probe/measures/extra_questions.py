"""Extra questions to a model within limits of rows and money."""

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
"""A free model that answered all its rows in fewer seconds is asked three times as many rows again."""


@runtime_checkable
class PaidModel(Protocol):
    """A model whose answers cost money and are stored, so that asking again needs another sample number."""

    def answer_again(self, rows: pd.DataFrame, sample: int) -> Sequence[Response]:
        """Return one response per row to the same question, asked anew under this sample number."""
        ...

    def estimate(self, rows: pd.DataFrame, sample: int = 0) -> Estimate:
        """Estimate what asking would cost, without asking."""
        ...


class ExtraQuestions:
    """Extra questions to one model, with a shared limit on their cost.

    Attributes:
        model: The model.
        left: The US dollars that are left for a paid model.
        notes: Sentences that say what could not be asked, and why.
    """

    def __init__(self, model: Model, money: float) -> None:
        self.model = model
        self.left = money
        self.notes: list[str] = []

    @property
    def paid(self) -> bool:
        """Whether asking the model costs money."""
        return isinstance(self.model, PaidModel)

    def ask(self, name: str, rows: pd.DataFrame, sample: int = 0) -> list[Response] | None:
        """Ask the model about rows.

        Nothing is asked if the likely cost is above what is left; reaching the limit on the way stops the measure.

        Args:
            name: The name of the measure, for the notes.
            rows: The rows.
            sample: The sample number, for a paid model.

        Returns:
            One response per row; None when the money that is left does not allow it, which a note then says.
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
    """Sum the US dollars paid now; an answer that came from the ledger cost nothing again."""
    return sum(response.cost or 0.0 for response in responses if not response.stored)


def rows_again(rows: pd.DataFrame, extra_rows: int, seed: int, *, bounded: bool) -> pd.DataFrame:
    """Draw the rows to ask again: `extra_rows` for a paid or slow model, three times as many for another."""
    limit = extra_rows if bounded else 3 * extra_rows
    return rows.sample(n=min(limit, len(rows)), random_state=seed).sort_index()
