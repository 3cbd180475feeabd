"""Metric `macro_f1`: mean F1 score over labels, so that a rare label counts as much as a common one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.metrics.accuracy import best_answers
from veritrain_lib.metrics.base import Metric

if TYPE_CHECKING:
    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task


class MacroF1(Metric):
    """Metric: mean, over the labels that occur in the references, of F1 = 2 TP / (2 TP + FP + FN), 0 to 1.

    A label that occurs in no reference has no recall and is left out; a row answered with it still counts as a miss of
    its true label, and so does a row without an answer. The definition is that of scikit-learn's
    `f1_score(average="macro", labels=<labels in the references>)`.
    """

    name = "macro_f1"
    version = 1
    higher_is_better = True

    def __init__(self, task: Task) -> None:
        self._target, self._labels = task.target.field, task.labels

    def signature(self) -> str:
        """Return the name, version and settings that determine the macro F1, as one line of text."""
        return f"{self.name}|v{self.version}|target:{self._target}|labels:in_references|no_answer:miss"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> None:
        """Return None, because macro F1 is not a mean over rows."""

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """Return the mean F1 score over the labels that occur in the references, 0 to 1."""
        predicted = best_answers(references, responses)
        expected_counts = Counter(references)
        predicted_counts = Counter(predicted)
        correct_counts = Counter(
            label for label, answer in zip(references, predicted, strict=True) if label == answer
        )
        # 2 TP + FP + FN is the number of rows with the label plus the number answered with it.
        return sum(
            2 * correct_counts[label] / (count + predicted_counts[label])
            for label, count in expected_counts.items()
        ) / len(expected_counts)

    def interval(self, references: Sequence[str], responses: Sequence[Response]) -> tuple[float, float]:
        """Return the low and high end of the 95 % interval of macro F1 over the task's labels, by a closed formula."""
        from veritrain_lib.statistics.macro_f1 import encode_labels, macro_f1_interval

        interval = macro_f1_interval(
            *encode_labels(self._labels, references, best_answers(references, responses))
        )
        return interval.low, interval.high
