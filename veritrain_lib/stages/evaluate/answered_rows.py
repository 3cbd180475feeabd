"""`AnsweredRows`: rows with the answers of champion and challenger, and the metrics that grade them.

All tables and decisions of an evaluation are computed from these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.metrics.base import Metric
    from veritrain_lib.models.base import Model


@dataclass(frozen=True)
class AnsweredRows:
    """Evaluated rows with the responses of champion and challenger.

    Attributes:
        task: The task.
        rows: The rows, with their expected answers.
        metrics: The task's metrics, the primary one first.
        references: The expected answers.
        champion: The champion's responses, in the order of the rows.
        challenger: The challenger's responses, in the order of the rows.
    """

    task: Task
    rows: pd.DataFrame
    metrics: list[Metric]
    references: list[str]
    champion: list[Response]
    challenger: list[Response]

    @property
    def primary(self) -> Metric:
        """The task's primary metric, by which the two models are compared."""
        return self.metrics[0]

    @property
    def primary_is_mean(self) -> bool:
        """Whether the primary metric is a mean over rows; False for corpus metrics such as BLEU."""
        return self.primary.per_row(self.references, self.champion) is not None

    def grades(self) -> tuple[np.ndarray, np.ndarray]:
        """Return champion's and challenger's grades of each row by the primary metric, 0 to 1, higher is better."""
        from veritrain_lib.metrics.base import row_scores

        return (
            row_scores(self.primary, self.references, self.champion),
            row_scores(self.primary, self.references, self.challenger),
        )


def ask_both(task: Task, champion: Model, challenger: Model, rows: pd.DataFrame) -> AnsweredRows:
    """Let champion and challenger answer the same rows.

    Args:
        task: The task.
        champion: The best model so far.
        challenger: The model that may replace it.
        rows: The rows, with their expected answers.

    Returns:
        The rows with both models' answers, and the task's metrics to grade them.
    """
    from veritrain_lib.metrics.base import open_metrics, references_of

    metrics, references = open_metrics(task), references_of(task, rows)
    return AnsweredRows(task, rows, metrics, references, champion.answer(rows), challenger.answer(rows))
