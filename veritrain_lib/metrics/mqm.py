"""Metric `mqm` of translations: points lost to the errors that an LLM judge marks, by type and severity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.core.digest import of_json
from veritrain_lib.metrics.accuracy import best_answers
from veritrain_lib.metrics.base import Metric
from veritrain_lib.metrics.judged import AnswerCache, judge_with

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.judging.error_annotation import AnnotatedAnswer
    from veritrain_lib.judging.judge import Judge, Row

PENALTIES = {"minor": 1, "major": 5, "critical": 25}
MAX_PENALTY = 25
RUBRIC = (
    "critical: it could do harm or says the opposite, or is no translation at all. major: the reader is misled about "
    "what is meant. minor: it is noticed, but nothing is misunderstood."
)


class Mqm(Metric):
    """Metric: mean, 0 to 100, of 100 x (1 - points lost / 25): 1 for a minor error, 5 for a major, 25 for a critical.

    The weights and the cap of 25 lost points a row are those of M. Freitag et al. (TACL 2021). The judge reads the
    input and the answer. A row without an answer, and a row that the judge failed on, counts 0.

    Args:
        task: the task.
        judge: a judge to use instead of the task's; None: the task's.
    """

    name = "mqm"
    version = 1
    higher_is_better = True
    asks_judge = True
    scale = 100.0

    def __init__(self, task: Task, judge: Judge | None = None) -> None:
        self._task, self._judge = task, judge
        self._cache = AnswerCache(self._annotate)

    def signature(self) -> str:
        """Return what determines the MQM score (name, version, judge model, rubric, weights), as one line of text."""
        model = self._task.judge.model if self._task.judge else "none"
        return f"{self.name}|v{self.version}|target:{self._task.target.field}|judge:{model}|rubric:{of_json([RUBRIC, PENALTIES])[:12]}|no_answer:0|judge_failed:0"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Return the MQM score of each row, 0 to 100; an array of shape (rows,)."""
        import numpy as np

        annotations = self._cache.get(references, best_answers(references, responses))
        return np.array([_score(annotation) for annotation in annotations])

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """Return the mean MQM score over all rows, 0 to 100."""
        return float(self.per_row(references, responses).mean())

    def details(self, references: Sequence[str], responses: Sequence[Response]) -> pd.DataFrame:
        """Return the number of errors that the judge marked, by type and severity, the costliest first.

        Returns:
            A table with the columns type, severity, errors (their number) and rows (number of rows that have such an
            error).
        """
        import pandas as pd

        annotations = self._cache.get(references, best_answers(references, responses))
        errors: Counter[tuple[str, str]] = Counter()
        rows: Counter[tuple[str, str]] = Counter()
        for annotation in annotations:
            kinds = [(mark.kind, mark.severity) for mark in (annotation.marks or ())] if annotation else []
            errors.update(kinds)
            rows.update(set(kinds))
        order = sorted(errors, key=lambda pair: (-errors[pair] * PENALTIES[pair[1]], pair))
        lines = [(kind, severity, errors[kind, severity], rows[kind, severity]) for kind, severity in order]
        return pd.DataFrame(lines, columns=["type", "severity", "errors", "rows"])

    def _annotate(self, rows: Sequence[Row], answers: Sequence[str]) -> list[AnnotatedAnswer]:
        from veritrain_lib.judging.error_annotation import annotate_errors

        return annotate_errors(judge_with(self._task, RUBRIC, self._judge), rows, answers)


def _score(annotation: AnnotatedAnswer | None) -> float:
    if annotation is None or annotation.marks is None:
        return 0.0
    penalty = sum(PENALTIES[mark.severity] for mark in annotation.marks)
    return 100.0 * (1 - min(penalty, MAX_PENALTY) / MAX_PENALTY)
