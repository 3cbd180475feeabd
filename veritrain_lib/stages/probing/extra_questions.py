"""Extra questions within bounds: how many rows are asked again, and what that may cost."""

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
"""A free model that answered all its rows in less is asked three times as many rows again."""


@runtime_checkable
class Paid(Protocol):
    """A model whose answers cost money and are stored: asking again takes another sample."""

    def answer_again(self, rows: pd.DataFrame, sample: int) -> Sequence[Response]:
        """One response a row to the same question, asked anew under this sample."""
        ...

    def estimate(self, rows: pd.DataFrame, sample: int = 0) -> Estimate:
        """What asking would cost; nothing is asked."""
        ...


class Asking:
    """Asks a model again. `notes` says in sentences what could not be asked, and why.

    `money` is what the extra questions of a paid model may cost together, in US dollars.
    """

    def __init__(self, model: Model, money: float) -> None:
        self.model = model
        self.left = money
        self.notes: list[str] = []

    @property
    def paid(self) -> bool:
        """Whether asking costs money."""
        return isinstance(self.model, Paid)

    def ask(self, name: str, rows: pd.DataFrame, sample: int = 0) -> list[Response] | None:
        """The responses; None when the money that is left does not allow it, which a note then says.

        A likely cost above what is left is not begun; a cap that is met on the way stops the measure.
        """
        if not len(rows):
            return []
        model = self.model
        if not isinstance(model, Paid):
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
        except Refused as stopped:
            self.notes.append(f"{name} was not measured: {stopped}")
            self.left = 0.0
            return None
        self.left -= spent(responses)
        return responses


def spent(responses: Sequence[Response]) -> float:
    """US dollars paid now: an answer that came from the ledger cost nothing again."""
    return sum(getattr(one, "cost", 0.0) for one in responses if not getattr(one, "stored", False))


def rows_again(asked: pd.DataFrame, extra_rows: int, seed: int, *, bounded: bool) -> pd.DataFrame:
    """The rows to ask again: `extra_rows` of a paid or slow model, three times as many of another."""
    most = extra_rows if bounded else 3 * extra_rows
    return asked.sample(n=min(most, len(asked)), random_state=seed).sort_index()
