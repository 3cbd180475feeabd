"""The F1 score of each label, averaged: a rare label counts as much as a common one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.metrics.accuracy import answers

if TYPE_CHECKING:
    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task


class MacroF1:
    """Mean over the labels that occur in the references of F1 = 2 TP / (2 TP + FP + FN), 0 to 1.

    A label without a reference row has no recall and is left out; answering with it still costs the true
    label. No answer is a miss of the true label. The definition is scikit-learn's
    `f1_score(average="macro", labels=<labels in the references>)`.
    """

    name = "macro_f1"
    version = 1
    higher_is_better = True

    def __init__(self, task: Task) -> None:
        self._target, self._labels = task.target.field, task.labels

    def signature(self) -> str:
        """What made the number."""
        return f"{self.name}|v{self.version}|target:{self._target}|labels:in_references|no_answer:miss"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> None:
        """None: it is no mean over rows."""

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """The mean F1 score."""
        best = answers(references, responses)
        wanted = Counter(references)
        given = Counter(best)
        right = Counter(label for label, answer in zip(references, best, strict=True) if label == answer)
        # 2 TP + FP + FN is the rows that have the label plus the rows answered with it.
        return sum(2 * right[label] / (count + given[label]) for label, count in wanted.items()) / len(wanted)

    def interval(self, references: Sequence[str], responses: Sequence[Response]) -> tuple[float, float]:
        """The 95 % interval over the task's labels, in closed form (`statistics.macro_f1`)."""
        from veritrain_lib.statistics.macro_f1 import coded, macro_f1_interval

        found = macro_f1_interval(*coded(self._labels, references, answers(references, responses)))
        return found.low, found.high
