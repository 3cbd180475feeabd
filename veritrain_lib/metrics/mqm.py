"""MQM: the errors of an answer, by type and severity, as points lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.core.digest import of_json
from veritrain_lib.metrics.accuracy import answers
from veritrain_lib.metrics.judged import Once, judge_with

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.judging.error_annotation import Marked
    from veritrain_lib.judging.judge import Judge, Row

LOST = {"minor": 1, "major": 5, "critical": 25}
MOST = 25
RUBRIC = (
    "critical: it could do harm or says the opposite, or is no translation at all. major: the reader is misled about "
    "what is meant. minor: it is noticed, but nothing is misunderstood."
)


class Mqm:
    """Mean over rows, 0 to 100, of 100 x (1 - points lost / 25): 1 for a minor error, 5 for a major, 25 for a critical.

    The weights and the cap of 25 points a row are those of M. Freitag et al. (TACL 2021). The judge reads the input
    and the answer. No answer, and a row that the judge failed on, counts 0.
    """

    name = "mqm"
    version = 1
    higher_is_better = True
    asks_judge = True
    scale = 100.0

    def __init__(self, task: Task, judge: Judge | None = None) -> None:
        self._task, self._given = task, judge
        self._once = Once(self._marked)

    def signature(self) -> str:
        """What made the number."""
        model = self._task.judge.model if self._task.judge else "none"
        return f"{self.name}|v{self.version}|target:{self._task.target.field}|judge:{model}|rubric:{of_json([RUBRIC, LOST])[:12]}|no_answer:0|judge_failed:0"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Shape (rows,): 0 to 100."""
        import numpy as np

        marked = self._once.of(references, answers(references, responses))
        return np.array([_score(one) for one in marked])

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """The mean."""
        return float(self.per_row(references, responses).mean())

    def details(self, references: Sequence[str], responses: Sequence[Response]) -> pd.DataFrame:
        """The errors by type and severity: type, severity, errors, rows; the costliest first."""
        import pandas as pd

        marked = self._once.of(references, answers(references, responses))
        errors: Counter[tuple[str, str]] = Counter()
        rows: Counter[tuple[str, str]] = Counter()
        for one in marked:
            found = [(mark.kind, mark.severity) for mark in (one.marks or ())] if one else []
            errors.update(found)
            rows.update(set(found))
        order = sorted(errors, key=lambda pair: (-errors[pair] * LOST[pair[1]], pair))
        lines = [(kind, grave, errors[kind, grave], rows[kind, grave]) for kind, grave in order]
        return pd.DataFrame(lines, columns=["type", "severity", "errors", "rows"])

    def _marked(self, rows: Sequence[Row], given: Sequence[str]) -> list[Marked]:
        from veritrain_lib.judging.error_annotation import mark_errors

        return mark_errors(judge_with(self._task, RUBRIC, self._given), rows, given)


def _score(marked: Marked | None) -> float:
    if marked is None or marked.marks is None:
        return 0.0
    lost = sum(LOST[mark.severity] for mark in marked.marks)
    return 100.0 * (1 - min(lost, MOST) / MOST)
