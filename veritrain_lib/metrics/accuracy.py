"""Metric `accuracy`: share of rows answered correctly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.metrics.base import Metric

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task


def best_answers(references: Sequence[str], responses: Sequence[Response]) -> list[str | None]:
    """Return the best candidate of each of a model's responses; None for a response that failed or has no candidate.

    Raises:
        ValueError: the numbers of responses and references differ.
        UserError: there are no rows.
    """
    if len(references) != len(responses):
        raise ValueError(
            f"{len(references)} references and {len(responses)} responses; a metric needs one response for each reference"
        )
    if not references:
        raise UserError("no rows to measure; a metric needs at least 1")
    return [None if response.error is not None else response.best for response in responses]


class Accuracy(Metric):
    """Metric: share of rows, 0 to 1, whose best candidate equals the reference exactly; no answer counts as wrong."""

    name = "accuracy"
    version = 1
    higher_is_better = True

    def __init__(self, task: Task) -> None:
        self._target = task.target.field

    def signature(self) -> str:
        """Return the name, version and settings that determine the accuracy, as one line of text."""
        return f"{self.name}|v{self.version}|target:{self._target}|match:exact|no_answer:wrong"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Return 1 for each row that is answered correctly, else 0; an array of shape (rows,)."""
        import numpy as np

        predicted = best_answers(references, responses)
        return np.array(
            [float(answer == reference) for answer, reference in zip(predicted, references, strict=True)]
        )

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """Return the share of rows answered correctly, 0 to 1."""
        return float(self.per_row(references, responses).mean())
