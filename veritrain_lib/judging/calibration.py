"""Calibration of the judge: its agreement with people (Cohen's kappa) on development rows, whose labels people gave.

Half of the rows are shown with the answer that people gave and half with a wrong one, so that a judge who always says
the same agrees by chance only. Real mistakes of a model are better wrong answers than drawn ones, and are used first. A
row that the judge failed on counts as a disagreement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from veritrain_lib.core.errors import UserError
from veritrain_lib.judging.judge import records_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.judging.judge import Judge
    from veritrain_lib.statistics.agreement import Kappa

Question = Literal["right", "points", "preference"]


@dataclass(frozen=True)
class Agreement:
    """The judge's agreement with people on one kind of question.

    Attributes:
        question: The kind of question.
        kappa: Cohen's kappa with its interval.
        floor: The kappa that the task requires.
        failed: The number of rows that the judge failed on.
    """

    question: Question
    kappa: Kappa
    floor: float
    failed: int

    @property
    def decides(self) -> bool:
        """Whether the low end of kappa's interval reaches the task's floor, so that the judge may decide."""
        return self.kappa.value is not None and self.kappa.interval.low >= self.floor

    def sentence(self) -> str:
        """Return the numbers in a sentence for people."""
        kappa = self.kappa
        value = "unknown" if kappa.value is None else f"{kappa.value:.2f}"
        kind = "" if kappa.weights == "none" else f", {kappa.weights} weights"
        failed = f", {self.failed} failed and counted as disagreement" if self.failed else ""
        verdict = "it may decide" if self.decides else "it decides nothing"
        return (
            f"Judge's agreement with people ({self.question}): kappa {value} (95 % interval {kappa.interval.low:.2f} "
            f"to {kappa.interval.high:.2f}{kind}) on {kappa.n} development rows{failed}; floor {self.floor:.2f}: {verdict}."
        )


def calibrate(
    judge: Judge,
    development: pd.DataFrame,
    question: Question,
    *,
    seed: int,
    mistakes: Mapping[str, str] | None = None,
) -> Agreement:
    """Measure the judge's agreement with people on one kind of question.

    Points are compared with the lowest points for a wrong answer and the highest for a right one (quadratic weights).
    Preferences are compared with the answer that people gave, and with a tie where neither answer is theirs (linear
    weights).

    Args:
        judge: The judge.
        development: The development rows.
        question: The kind of question.
        seed: Seed of the sample.
        mistakes: Wrong answers that models gave, by the id of the development row.

    Raises:
        UserError: when there are too few development rows, or no wrong answer can be made.
    """
    from veritrain_lib.statistics.agreement import cohen_kappa

    task, settings = judge.task, judge.settings
    rows = _sample(task, development, settings.calibration, seed, mistakes or {})
    human_answers, wrong = (
        rows[task.target.field].tolist(),
        _wrong_answers(task, development, rows, mistakes or {}, seed),
    )
    records = records_of(rows)
    half = len(rows) // 2
    if question == "preference":
        kinds = [number % 3 if wrong[number][1] is not None else number % 2 for number in range(len(rows))]
        first = [
            (human_answer, bad, bad)[kind]
            for human_answer, (bad, _), kind in zip(human_answers, wrong, kinds, strict=True)
        ]
        second = [
            (bad, human_answer, other or bad)[kind]
            for human_answer, (bad, other), kind in zip(human_answers, wrong, kinds, strict=True)
        ]
        expected = [(-1, 1, 0)[kind] for kind in kinds]
        ratings = judge.prefer(records, first, second)
        categories: list[int] = [-1, 0, 1]
        worst = [1 if expected_value <= 0 else -1 for expected_value in expected]
    else:
        # Rows with mistakes of models come last in the sample.
        shown = [
            human_answer if number < half else wrong[number][0]
            for number, human_answer in enumerate(human_answers)
        ]
        low, high = (0, 1) if question == "right" else tuple(settings.scale)
        expected = [high if number < half else low for number in range(len(rows))]
        ratings = (judge.right if question == "right" else judge.points)(records, shown)
        categories = [0, 1] if question == "right" else settings.points
        worst = [low if expected_value == high else high for expected_value in expected]
    answers = [
        bad if rating.value is None else int(rating.value) for rating, bad in zip(ratings, worst, strict=True)
    ]
    kappa = cohen_kappa(
        expected,
        answers,
        categories,
        weights={"right": "none", "points": "quadratic", "preference": "linear"}[question],  # type: ignore[arg-type]
    )
    failed = sum(rating.value is None for rating in ratings)
    return Agreement(question, kappa, settings.floor, failed)


def _sample(
    task: Task, development: pd.DataFrame, count: int, seed: int, mistakes: Mapping[str, str]
) -> pd.DataFrame:
    """Draw a random sample in which rows with a known mistake come last; they are at most half of it."""
    import numpy as np

    if len(development) < 4 or development[task.target.field].nunique() < 2:
        raise UserError(
            f"the judge can't be measured on {len(development)} development rows with "
            f"{development[task.target.field].nunique()} different answers; at least 4 rows and 2 answers are needed"
        )
    order = np.random.default_rng([seed, 1]).permutation(len(development))
    rows = development.iloc[order]
    has_mistake = rows["id"].isin(set(mistakes)).to_numpy()
    size = min(count, len(rows))
    with_mistake = np.flatnonzero(has_mistake)[: size - size // 2]
    without_mistake = np.setdiff1d(np.arange(len(rows)), with_mistake)[: size - len(with_mistake)]
    return rows.iloc[[*without_mistake, *with_mistake]].reset_index(drop=True)


def _wrong_answers(
    task: Task, development: pd.DataFrame, rows: pd.DataFrame, mistakes: Mapping[str, str], seed: int
) -> list[tuple[str, str | None]]:
    """Return for each row a wrong answer, and a second one where there is any."""
    import numpy as np

    rng = np.random.default_rng([seed, 2])
    pool = task.labels or sorted(set(development[task.target.field]))
    wrong_answers: list[tuple[str, str | None]] = []
    for row_id, human_answer in zip(rows["id"], rows[task.target.field], strict=True):
        mistake = mistakes.get(row_id)
        drawn = _draw(rng, [answer for answer in pool if answer not in (human_answer, mistake)])
        wrong = [answer for answer in ([mistake] if mistake else []) + drawn if answer != human_answer]
        wrong_answers.append((wrong[0], wrong[1] if len(wrong) > 1 else None))
    return wrong_answers


def _draw(rng: np.random.Generator, answers: list[str]) -> list[str]:
    return [answers[int(at)] for at in rng.permutation(len(answers))[:2]]
