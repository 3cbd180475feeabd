"""Share of rows answered right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task


def answers(references: Sequence[str], responses: Sequence[Response]) -> list[str | None]:
    """The best candidate of each response, None where the model failed or gave none.

    Raises ValueError when there are not as many responses as references, and UserError when there are none.
    """
    if len(references) != len(responses):
        raise ValueError(
            f"{len(references)} references and {len(responses)} responses; a metric needs one for one"
        )
    if not references:
        raise UserError("no rows to measure; a metric needs at least 1")
    return [None if response.error is not None else response.best for response in responses]


class Accuracy:
    """Share of rows, 0 to 1, whose best candidate is exactly the reference; no answer counts as wrong."""

    name = "accuracy"
    version = 1
    higher_is_better = True

    def __init__(self, task: Task) -> None:
        self._target = task.target.field

    def signature(self) -> str:
        """What made the number."""
        return f"{self.name}|v{self.version}|target:{self._target}|match:exact|no_answer:wrong"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Shape (rows,): 1 where right, else 0."""
        import numpy as np

        best = answers(references, responses)
        return np.array([float(given == wanted) for given, wanted in zip(best, references, strict=True)])

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """The share of rows answered right."""
        return float(self.per_row(references, responses).mean())
