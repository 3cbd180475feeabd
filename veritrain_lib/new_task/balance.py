"""Measurement of how unequally frequent a new task's labels are, which decides the task's primary metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from veritrain_lib.new_task.split import TaskSplit

IMBALANCED_RATIO = 3.0
"""Ratio of the most common to the rarest label's rows from which macro F1 becomes the primary metric.

The value is a convention, not a measurement. From about there, accuracy can rise by points while the rarest
label's recall falls to 0.
"""


@dataclass(frozen=True)
class LabelBalance:
    """The most common and the rarest label of a new task, each with its number of rows."""

    common: str
    common_rows: int
    rare: str
    rare_rows: int

    @property
    def ratio(self) -> float:
        """The number of rows of the most common label divided by that of the rarest, 1 or more."""
        return self.common_rows / self.rare_rows

    @property
    def imbalanced(self) -> bool:
        """Whether the labels are so unequally frequent that macro F1 becomes the new task's primary metric."""
        return self.ratio >= IMBALANCED_RATIO

    def sentence(self) -> str:
        """Return a sentence that says how unequally frequent the labels are and which metric is therefore primary."""
        counts = f"{self.common!r} has {self.common_rows} rows, {self.rare!r} {self.rare_rows}"
        if not self.imbalanced:
            return f"labels are balanced enough for accuracy to steer ({counts})"
        return (
            f"labels are unbalanced, {self.ratio:.1f} to 1 ({counts}): macro_f1 comes first in metrics, so that rare labels "
            "count as much as common ones; the report shows the recall of the rarest label first"
        )


def label_balance(task_split: TaskSplit, target: str) -> LabelBalance:
    """Return the most common and the rarest label over all parts of a new task.

    Args:
        task_split: The parts (seed, development, test, pool); rows without an answer are not counted.
        target: The name of the target column.
    """
    import pandas as pd

    answers = pd.concat([part[target] for part in task_split.parts.values()])
    counts = answers[answers.isin(task_split.labels)].value_counts()
    counts = counts.reindex(sorted(counts.index)).sort_values(ascending=False, kind="stable")
    return LabelBalance(
        str(counts.index[0]), int(counts.iloc[0]), str(counts.index[-1]), int(counts.iloc[-1])
    )
