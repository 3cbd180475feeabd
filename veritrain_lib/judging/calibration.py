"""How far the judge agrees with people: kappa on development rows, whose labels people gave.

Half of the rows are shown with the answer that people gave and half with a wrong one, so that a judge who always
says the same agrees by chance only. A model's real mistakes make better wrong answers than drawn ones and are taken
first where they are known. A row that the judge failed on counts as a disagreement.
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
    """The judge's agreement with people on one kind of question, and whether that is enough to decide."""

    question: Question
    kappa: Kappa
    floor: float
    failed: int

    @property
    def decides(self) -> bool:
        """Whether the low end of the interval reaches the task's floor."""
        return self.kappa.value is not None and self.kappa.interval.low >= self.floor

    def sentence(self) -> str:
        """The numbers, for people."""
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
    """Measure the agreement on one kind of question.

    `mistakes` maps the id of a development row to a wrong answer that a model gave. Points are compared with the
    lowest for a wrong and the highest for a right answer (quadratic weights); preferences with which answer people
    gave, a tie where neither is theirs (linear weights).

    Raises UserError when there are too few development rows, or no wrong answer can be made.
    """
    from veritrain_lib.statistics.agreement import cohen_kappa

    task, settings = judge.task, judge.settings
    rows = _drawn(task, development, settings.calibration, seed, mistakes or {})
    people, wrong = rows[task.target.field].tolist(), _wrong(task, development, rows, mistakes or {}, seed)
    records = records_of(rows)
    half = len(rows) // 2
    if question == "preference":
        third = [number % 3 if wrong[number][1] is not None else number % 2 for number in range(len(rows))]
        first = [(own, bad, bad)[kind] for own, (bad, _), kind in zip(people, wrong, third, strict=True)]
        second = [
            (bad, own, other or bad)[kind]
            for own, (bad, other), kind in zip(people, wrong, third, strict=True)
        ]
        expected = [(-1, 1, 0)[kind] for kind in third]
        ratings = judge.prefer(records, first, second)
        categories: list[int] = [-1, 0, 1]
        worst = [1 if want <= 0 else -1 for want in expected]
    else:
        # Mistakes of models come last in the drawn rows.
        shown = [own if number < half else wrong[number][0] for number, own in enumerate(people)]
        low, high = (0, 1) if question == "right" else tuple(settings.scale)
        expected = [high if number < half else low for number in range(len(rows))]
        ratings = (judge.right if question == "right" else judge.points)(records, shown)
        categories = [0, 1] if question == "right" else settings.points
        worst = [low if want == high else high for want in expected]
    given = [
        bad if rating.value is None else int(rating.value) for rating, bad in zip(ratings, worst, strict=True)
    ]
    kappa = cohen_kappa(
        expected,
        given,
        categories,
        weights={"right": "none", "points": "quadratic", "preference": "linear"}[question],  # type: ignore[arg-type]
    )
    failed = sum(rating.value is None for rating in ratings)
    return Agreement(question, kappa, settings.floor, failed)


def _drawn(
    task: Task, development: pd.DataFrame, count: int, seed: int, mistakes: Mapping[str, str]
) -> pd.DataFrame:
    """A random sample in which rows with a known mistake come last, at most half of it."""
    import numpy as np

    if len(development) < 4 or development[task.target.field].nunique() < 2:
        raise UserError(
            f"the judge can't be measured on {len(development)} development rows with "
            f"{development[task.target.field].nunique()} different answers; at least 4 rows and 2 answers are needed"
        )
    order = np.random.default_rng([seed, 1]).permutation(len(development))
    rows = development.iloc[order]
    known = rows["id"].isin(set(mistakes)).to_numpy()
    size = min(count, len(rows))
    hard = np.flatnonzero(known)[: size - size // 2]
    easy = np.setdiff1d(np.arange(len(rows)), hard)[: size - len(hard)]
    return rows.iloc[[*easy, *hard]].reset_index(drop=True)


def _wrong(
    task: Task, development: pd.DataFrame, rows: pd.DataFrame, mistakes: Mapping[str, str], seed: int
) -> list[tuple[str, str | None]]:
    """For each row a wrong answer, and a second other one where there is any."""
    import numpy as np

    rng = np.random.default_rng([seed, 2])
    pool = task.labels or sorted(set(development[task.target.field]))
    found: list[tuple[str, str | None]] = []
    for row_id, own in zip(rows["id"], rows[task.target.field], strict=True):
        known = mistakes.get(row_id)
        drawn = _draw(rng, [answer for answer in pool if answer not in (own, known)])
        wrong = [answer for answer in ([known] if known else []) + drawn if answer != own]
        found.append((wrong[0], wrong[1] if len(wrong) > 1 else None))
    return found


def _draw(rng: np.random.Generator, answers: list[str]) -> list[str]:
    return [answers[int(at)] for at in rng.permutation(len(answers))[:2]]
