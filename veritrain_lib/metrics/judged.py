"""What a chat model thinks of a text: fluency, adequacy, accuracy, 1 to 5 points each.

The judge is the task's (`judge.model`); the rubric is the metric's own. Every verdict is in the ledger, so the same
answer is paid for once, however often a bootstrap asks.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.digest import of_json
from veritrain_lib.metrics.accuracy import answers
from veritrain_lib.metrics.base import row_of

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import JudgeChoice, Task
    from veritrain_lib.judging.judge import Judge, Row

LOWEST, HIGHEST = 1, 5


class Once:
    """What was found out of answers, each pair of a row and an answer asked once."""

    def __init__(self, find: Callable[[Sequence[Row], Sequence[str]], Sequence[Any]]) -> None:
        self._find = find
        self._found: dict[Hashable, Any] = {}

    def of(self, references: Sequence[str], given: Sequence[str | None]) -> list[Any]:
        """What is known of each answer; None where there is none."""
        rows = [row_of(reference) for reference in references]
        keys = [(tuple(sorted(row.items())), answer) for row, answer in zip(rows, given, strict=True)]
        new = {
            key: (row, answer)
            for key, row, answer in zip(keys, rows, given, strict=True)
            if answer and key not in self._found
        }
        asked = list(new.values())
        found = self._find([row for row, _ in asked], [answer for _, answer in asked]) if asked else []
        self._found |= dict(zip(new, found, strict=True))
        return [self._found.get(key) for key in keys]


def judge_with(task: Task, rubric: str, opened: Judge | None = None) -> Judge:
    """The task's judge with another rubric and 1 to 5 points. Raises UserError when the task has no judge."""
    from veritrain_lib.judging.judge import open_judge
    from veritrain_lib.judging.settings import settings_of

    if opened is not None:
        return opened
    changed = {"rubric": rubric, "scale": [LOWEST, HIGHEST]}
    settings: JudgeChoice = settings_of(task).model_copy(update=changed)
    return open_judge(task, settings)


class Judged:
    """Mean points over rows, 1 to 5, of a judge who reads the input and the answer, not the reference.

    No answer, and a row that the judge failed on, gets the lowest points. `judge` takes the place of the task's.
    Asks, and raises UserError without a judge in the task, when first measured.
    """

    name: str
    rubric: str
    version = 1
    higher_is_better = True
    asks_judge = True
    lowest = float(LOWEST)
    scale = float(HIGHEST)

    def __init__(self, task: Task, judge: Judge | None = None) -> None:
        self._task, self._given = task, judge
        self._once = Once(self._points)

    def signature(self) -> str:
        """What made the number."""
        model = self._task.judge.model if self._task.judge else "none"
        rubric = of_json(self.rubric)[:12]
        return f"{self.name}|v{self.version}|target:{self._task.target.field}|judge:{model}|rubric:{rubric}|scale:{LOWEST}-{HIGHEST}|no_answer:{LOWEST}|judge_failed:{LOWEST}"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Shape (rows,): the points of each answer."""
        import numpy as np

        points = self._once.of(references, answers(references, responses))
        return np.array([float(LOWEST if one is None else one) for one in points])

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """The mean points."""
        return float(self.per_row(references, responses).mean())

    def _points(self, rows: Sequence[Row], given: Sequence[str]) -> list[int | bool | None]:
        judge = judge_with(self._task, self.rubric, self._given)
        return [rating.value for rating in judge.points(rows, given)]


class Fluency(Judged):
    """Does it read as a native writer would put it? What it means is left out of account."""

    name = "judge_fluency"
    rubric = (
        "Judge only how the answer reads in its own language: grammar, word choice, tone for its situation. "
        "5: as a native professional would write it; 4: natural with a small slip; 3: clear but foreign; "
        "2: hard to read; 1: not readable. Whether it says what the input says does not count."
    )


class Adequacy(Judged):
    """Does it say all that the input says?"""

    name = "judge_adequacy"
    rubric = (
        "Judge only how much of what the input says is in the answer. 5: all of it; 4: nearly all; 3: most; "
        "2: little; 1: nothing. Style does not count."
    )


class JudgedAccuracy(Judged):
    """Is what it says true to the input: numbers, names, terms, who does what?"""

    name = "judge_accuracy"
    rubric = (
        "Judge only whether what the answer says is true to the input: numbers, dates, names, terms, negation, who "
        "does what to whom. 5: nothing is wrong or invented; 4: a slip without consequence; 3: one thing that "
        "misleads; 2: several; 1: it says something else. What is left out does not count."
    )
