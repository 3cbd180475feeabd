"""Metrics made of counts: each row gives some numbers, and the metric is a formula of their sums.

BLEU, chrF and TER are of this kind. The counts of an answer are taken once: a bootstrap asks for the same rows
thousands of times, and adding up is all that it then costs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.metrics.accuracy import answers
from veritrain_lib.metrics.word_tokens import language_of

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task


class Counted(ABC):
    """Base of such metrics. No answer counts as the empty text."""

    name: str
    version = 1
    higher_is_better = True
    scale = 100.0

    def __init__(self, task: Task) -> None:
        self.task = task
        self._places: dict[tuple[str, str, str], int] = {}
        self._counts: list[list[float]] = []
        self._table: np.ndarray | None = None

    @abstractmethod
    def counts(self, reference: str, answer: str, language: str) -> list[float]:
        """The numbers of one row, always as many."""

    @abstractmethod
    def from_sums(self, sums: np.ndarray) -> float:
        """The metric from the sums over rows."""

    @abstractmethod
    def signature(self) -> str:
        """What made the number."""

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> None:
        """None: it is no mean over rows."""
        return None

    def grades(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Shape (rows,): the metric of each row alone."""
        import numpy as np

        grades = np.array([self.grade(line) for line in self._lines(references, responses)])
        # Nothing to measure in a row (0 of 0): nothing in it is wrong.
        return np.where(np.isnan(grades), 1.0, grades)

    def grade(self, counts: np.ndarray) -> float:
        """The metric of one row alone, from its numbers."""
        return self.from_sums(counts)

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """The metric over all rows."""
        return self.from_sums(self._lines(references, responses).sum(axis=0))

    def _lines(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        import numpy as np

        given = answers(references, responses)
        places = [self._place(wanted, answer or "") for wanted, answer in zip(references, given, strict=True)]
        if self._table is None or len(self._table) < len(self._counts):
            self._table = np.array(self._counts, dtype=float)
        lines: np.ndarray = self._table[places]
        return lines

    def _place(self, reference: str, answer: str) -> int:
        language = language_of(self.task, reference)
        # A term that must be kept depends on the row, not on its right answer alone.
        key = (self.key(reference), answer, language)
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self._counts)
            self._counts.append(self.counts(reference, answer, language))
        return place

    def key(self, reference: str) -> str:
        """What of a reference the counts depend on: its text."""
        return reference
