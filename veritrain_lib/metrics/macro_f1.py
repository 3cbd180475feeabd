"""The metric `macro_f1`: mean F1 score over labels, so that a rare label counts as much as a common one."""

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
    """Mean over the labels that occur in the references of F1 = 2 TP / (2 TP + FP + FN), 0 to 1.

    A label without a reference row has no recall and is left out; answering with it still counts as a miss of the true
    label, as does no answer. The definition is scikit-learn's
    `f1_score(average="macro", labels=<labels in the references>)`.
    """

    name = "macro_f1"
    version = 1
    higher_is_better = True

    def __init__(self, task: Task) -> None:
        self._target, self._labels = task.target.field, task.labels

    def signature(self) -> str:
        """Return the signature: everything that determines the number, in one line."""
        return f"{self.name}|v{self.version}|target:{self._target}|labels:in_references|no_answer:miss"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> None:
        """Return None: the metric is not a mean over rows."""

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """Return the mean F1 score."""
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
        """Return the 95 % interval over the task's labels, in closed form (`statistics.macro_f1`)."""
        from veritrain_lib.statistics.macro_f1 import encode_labels, macro_f1_interval

        interval = macro_f1_interval(
            *encode_labels(self._labels, references, best_answers(references, responses))
        )
        return interval.low, interval.high
