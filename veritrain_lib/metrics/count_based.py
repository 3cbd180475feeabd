"""Base class of metrics that are a formula of sums of per-row counts, such as BLEU, chrF and TER.

The counts of each answer are cached: a bootstrap evaluates the same rows thousands of times, and then only adds them
up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.metrics.accuracy import best_answers
from veritrain_lib.metrics.base import Metric
from veritrain_lib.metrics.word_tokens import language_of

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task


class CountMetric(Metric, ABC):
    """Base class of metrics computed from sums of per-row counts, such as BLEU; no answer counts as the empty text."""

    name: str
    version = 1
    higher_is_better = True
    scale = 100.0

    def __init__(self, task: Task) -> None:
        self.task = task
        self._row_indices: dict[tuple[str, str, str], int] = {}
        self._counts: list[list[float]] = []
        self._table: np.ndarray | None = None

    @abstractmethod
    def counts(self, reference: str, answer: str, language: str) -> list[float]:
        """Return the counts of one row from which the metric is computed, such as matching and total n-grams.

        Args:
            reference: the reference answer.
            answer: the model's answer, "" for none.
            language: language of the reference (ISO 639-1).

        Returns:
            A list that has the same length for every row.
        """

    @abstractmethod
    def from_sums(self, sums: np.ndarray) -> float:
        """Return the metric from its counts summed over rows; NaN if there is nothing to measure."""

    @abstractmethod
    def signature(self) -> str:
        """Return everything that determines the metric's value, as one line of text: name, version, settings."""

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> None:
        """Return None, because a metric of summed counts is not a mean over rows."""
        return None

    def grades(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Return the metric of each row by itself, shape (rows,), for slices and generation plans.

        A row with nothing to measure scores 1.
        """
        import numpy as np

        grades = np.array([self.grade(counts) for counts in self._count_table(references, responses)])
        # A row with nothing to measure (0 of 0) has nothing wrong.
        return np.where(np.isnan(grades), 1.0, grades)

    def grade(self, counts: np.ndarray) -> float:
        """Return the metric of one row by itself, from the row's counts."""
        return self.from_sums(counts)

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """Return the metric over all rows, from the counts summed over rows."""
        return self.from_sums(self._count_table(references, responses).sum(axis=0))

    def _count_table(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        import numpy as np

        answers = best_answers(references, responses)
        indices = [
            self._row_index(reference, answer or "")
            for reference, answer in zip(references, answers, strict=True)
        ]
        if self._table is None or len(self._table) < len(self._counts):
            self._table = np.array(self._counts, dtype=float)
        table: np.ndarray = self._table[indices]
        return table

    def _row_index(self, reference: str, answer: str) -> int:
        language = language_of(self.task, reference)
        # A required term depends on the row, not on its reference alone.
        key = (self.key(reference), answer, language)
        index = self._row_indices.get(key)
        if index is None:
            index = self._row_indices[key] = len(self._counts)
            self._counts.append(self.counts(reference, answer, language))
        return index

    def key(self, reference: str) -> str:
        """Return the part of a reference that the metric's counts depend on (by default its text), as a cache key."""
        return reference
