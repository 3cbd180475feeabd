"""Calibration of the LLM judge: its agreement with people (Cohen's kappa) on development rows that people labelled.

About half of the rows are shown with the answer that people gave and the others with a wrong one, so a judge that
always gives the same verdict agrees only by chance. Mistakes that a model really made test the judge better than
answers drawn at random, and are used first. A row that the judge failed on counts as a disagreement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from veritrain_lib.core.errors import UserError
from veritrain_lib.judging.judge import records_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.judging.judge import Judge, Rating, Row
    from veritrain_lib.statistics.agreement import Kappa

Question = Literal["right", "points", "preference"]


@dataclass(frozen=True)
class Agreement:
    """Agreement of the LLM judge with people on one kind of question, as Cohen's kappa.

    Attributes:
        question: The kind of question: `right`, `points` or `preference`.
        kappa: Cohen's kappa with its interval.
        floor: The kappa that the task requires, -1..1.
        failed: The number of rows that the judge failed on; they count as disagreements.
    """

    question: Question
    kappa: Kappa
    floor: float
    failed: int

    @property
    def decides(self) -> bool:
        """Whether the judge may decide: the low end of kappa's 95 % interval reaches the task's required kappa."""
        return self.kappa.value is not None and self.kappa.interval.low >= self.floor

    def sentence(self) -> str:
        """Return one sentence that states kappa, its interval, the required kappa and whether the judge may decide."""
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
    """Measure the LLM judge's agreement with people on one kind of question.

    The judge's verdicts are compared with expected ones. For `right`, people's answer is right and a wrong answer
    wrong. For `points`, people's answer deserves the highest and a wrong one the lowest points (quadratic weights). For
    `preference`, people's answer is better than a wrong one, and two wrong answers are a tie (linear weights).

    Args:
        judge: The judge.
        development: The development rows, with the answers that people gave.
        question: The kind of question.
        seed: Seed of the sample.
        mistakes: Wrong answers that models gave, by the id of the development row; default none.

    Returns:
        The agreement, which says whether the judge may decide.

    Raises:
        UserError: There are too few development rows or different answers.
    """
    from veritrain_lib.statistics.agreement import cohen_kappa

    task, settings = judge.task, judge.settings
    rows = _sample(task, development, settings.calibration, seed, mistakes or {})
    human_answers, wrong = (
        rows[task.target.field].tolist(),
        _wrong_answers(task, development, rows, mistakes or {}, seed),
    )
    if question == "preference":
        expected, worst, ratings = _ask_preferences(judge, records_of(rows), human_answers, wrong)
        categories: list[int] = [-1, 0, 1]
    else:
        expected, worst, ratings = _ask_single(judge, question, records_of(rows), human_answers, wrong)
        categories = [0, 1] if question == "right" else settings.points
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


Asked: TypeAlias = "tuple[list[int], list[int], list[Rating]]"
"""Three lists with one entry a row: expected ratings, ratings that disagree most with them, and the judge's ratings.

The second list is used for rows that the judge failed on.
"""


def _ask_preferences(
    judge: Judge, records: Sequence[Row], human_answers: list[str], wrong: list[tuple[str, str | None]]
) -> Asked:
    """Ask the judge which of two answers to each row is better.

    In turn, people's answer is shown first, shown second, or replaced so that both answers are wrong.
    """
    kinds = [number % 3 if wrong[number][1] is not None else number % 2 for number in range(len(records))]
    first = [
        (human_answer, bad, bad)[kind]
        for human_answer, (bad, _), kind in zip(human_answers, wrong, kinds, strict=True)
    ]
    second = [
        (bad, human_answer, other or bad)[kind]
        for human_answer, (bad, other), kind in zip(human_answers, wrong, kinds, strict=True)
    ]
    expected = [(-1, 1, 0)[kind] for kind in kinds]
    worst = [1 if expected_value <= 0 else -1 for expected_value in expected]
    return expected, worst, judge.prefer(records, first, second)


def _ask_single(
    judge: Judge,
    question: Question,
    records: Sequence[Row],
    human_answers: list[str],
    wrong: list[tuple[str, str | None]],
) -> Asked:
    """Ask the judge about one answer a row: people's answer for the first half of the rows, then wrong answers."""
    half = len(records) // 2
    # Rows with mistakes of models come last in the sample.
    shown = [
        human_answer if number < half else wrong[number][0]
        for number, human_answer in enumerate(human_answers)
    ]
    low, high = (0, 1) if question == "right" else tuple(judge.settings.scale)
    expected = [high if number < half else low for number in range(len(records))]
    worst = [low if expected_value == high else high for expected_value in expected]
    return expected, worst, (judge.right if question == "right" else judge.points)(records, shown)


def _sample(
    task: Task, development: pd.DataFrame, count: int, seed: int, mistakes: Mapping[str, str]
) -> pd.DataFrame:
    """Draw a random sample of development rows; rows with a known mistake of a model come last and are at most half.

    Args:
        task: The task.
        development: The development rows.
        count: The size of the sample, unless there are fewer rows.
        seed: Seed of the sample.
        mistakes: Wrong answers that models gave, by the id of the row.

    Raises:
        UserError: There are fewer than 4 rows or fewer than 2 different answers.
    """
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
    """Return a wrong answer for each sampled row, and a second one where there is one, else None.

    A mistake that a model made comes first; the others are drawn from the task's labels or from the answers of other
    rows.
    """
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
