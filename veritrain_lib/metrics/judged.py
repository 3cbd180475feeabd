"""Metrics for which a chat model rates answers: fluency, adequacy and accuracy, 1 to 5 points each.

The chat model is that of the task's judge (`judge.model`); each metric has a rubric of its own. Every rating is stored
in the ledger of paid answers, so the same answer is paid for once, however often a bootstrap evaluates it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.digest import of_json
from veritrain_lib.metrics.accuracy import best_answers
from veritrain_lib.metrics.base import Metric, row_of

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import JudgeChoice, Task
    from veritrain_lib.judging.judge import Judge, Row

LOWEST, HIGHEST = 1, 5


class AnswerCache:
    """Cache of an expensive result for each pair of row and answer, such as an LLM judge's rating.

    Args:
        compute: function that gets rows and their answers and returns one result for each.
    """

    def __init__(self, compute: Callable[[Sequence[Row], Sequence[str]], Sequence[Any]]) -> None:
        self._compute = compute
        self._results: dict[Hashable, Any] = {}

    def get(self, references: Sequence[str], answers: Sequence[str | None]) -> list[Any]:
        """Return the result of each answer, computing only those that are new; None for a row without an answer.

        Args:
            references: references with their rows attached (`Reference`).
            answers: one answer for each reference; None or "" for no answer.
        """
        rows = [row_of(reference) for reference in references]
        keys = [(tuple(sorted(row.items())), answer) for row, answer in zip(rows, answers, strict=True)]
        new = {
            key: (row, answer)
            for key, row, answer in zip(keys, rows, answers, strict=True)
            if answer and key not in self._results
        }
        pairs = list(new.values())
        results = self._compute([row for row, _ in pairs], [answer for _, answer in pairs]) if pairs else []
        self._results |= dict(zip(new, results, strict=True))
        return [self._results.get(key) for key in keys]


def judge_with(task: Task, rubric: str, opened: Judge | None = None) -> Judge:
    """Open the task's LLM judge with another rubric and a scale of 1 to 5 points.

    Args:
        task: the task.
        rubric: the rubric, instead of the one in the task file.
        opened: a judge that is returned unchanged instead; None: open one.

    Raises:
        UserError: the task has no judge.
    """
    from veritrain_lib.judging.judge import open_judge
    from veritrain_lib.judging.settings import settings_of

    if opened is not None:
        return opened
    overrides = {"rubric": rubric, "scale": [LOWEST, HIGHEST]}
    settings: JudgeChoice = settings_of(task).model_copy(update=overrides)
    return open_judge(task, settings)


class JudgeMetric(Metric):
    """Base class of metrics that are mean points, 1 to 5, of an LLM judge that reads the input and the answer.

    The judge does not see the reference. A row without an answer, and a row that the judge failed on, gets the lowest
    points. The judge is called at the first measurement, which raises UserError if the task has no judge.

    Args:
        task: the task.
        judge: a judge to use instead of the task's; None: the task's.
    """

    name: str
    rubric: str
    version = 1
    higher_is_better = True
    asks_judge = True
    lowest = float(LOWEST)
    scale = float(HIGHEST)

    def __init__(self, task: Task, judge: Judge | None = None) -> None:
        self._task, self._judge = task, judge
        self._cache = AnswerCache(self._points)

    def signature(self) -> str:
        """Return the name, version, judge model, rubric and scale that determine the points, as one line of text."""
        model = self._task.judge.model if self._task.judge else "none"
        rubric = of_json(self.rubric)[:12]
        return f"{self.name}|v{self.version}|target:{self._task.target.field}|judge:{model}|rubric:{rubric}|scale:{LOWEST}-{HIGHEST}|no_answer:{LOWEST}|judge_failed:{LOWEST}"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Return the LLM judge's points of each answer, 1 to 5; an array of shape (rows,)."""
        import numpy as np

        points = self._cache.get(references, best_answers(references, responses))
        return np.array([float(LOWEST if value is None else value) for value in points])

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """Return the mean of the LLM judge's points over all rows, 1 to 5."""
        return float(self.per_row(references, responses).mean())

    def _points(self, rows: Sequence[Row], answers: Sequence[str]) -> list[int | bool | None]:
        judge = judge_with(self._task, self.rubric, self._judge)
        return [rating.value for rating in judge.points(rows, answers)]


class Fluency(JudgeMetric):
    """Metric rated 1 to 5 by an LLM judge: whether the answer reads as if written by a native, whatever its meaning."""

    name = "judge_fluency"
    rubric = (
        "Judge only how the answer reads in its own language: grammar, word choice, tone for its situation. "
        "5: as a native professional would write it; 4: natural with a small slip; 3: clear but foreign; "
        "2: hard to read; 1: not readable. Whether it says what the input says does not count."
    )


class Adequacy(JudgeMetric):
    """Metric rated 1 to 5 by an LLM judge: how much of what the input says is in the answer."""

    name = "judge_adequacy"
    rubric = (
        "Judge only how much of what the input says is in the answer. 5: all of it; 4: nearly all; 3: most; "
        "2: little; 1: nothing. Style does not count."
    )


class JudgedAccuracy(JudgeMetric):
    """Metric rated 1 to 5 by an LLM judge: whether the answer is true to the input (numbers, names, terms)."""

    name = "judge_accuracy"
    rubric = (
        "Judge only whether what the answer says is true to the input: numbers, dates, names, terms, negation, who "
        "does what to whom. 5: nothing is wrong or invented; 4: a slip without consequence; 3: one thing that "
        "misleads; 2: several; 1: it says something else. What is left out does not count."
    )
