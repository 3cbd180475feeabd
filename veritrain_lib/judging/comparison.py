"""LLM judge in the evaluation: it compares champion's and challenger's answers to a sample of development rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from veritrain_lib.judging.calibration import Agreement, calibrate
from veritrain_lib.judging.judge import Rating, Row, records_of

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.judging.judge import Judge


@dataclass(frozen=True)
class Number:
    """One number of the LLM judge's comparison of two models.

    Attributes:
        value: The number; None if it could not be measured.
        low: Low end of its 95 % interval.
        high: High end of its 95 % interval.
        n: Number of rows that it was measured on.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None


@dataclass(frozen=True)
class JudgedPair:
    """LLM judge's verdict on which of two models answers better.

    Attributes:
        numbers: The results by name: `judge_preference` (-1: the champion is always better, 1: the challenger; ties and
            failures count 0), `judge_points_champion` and `judge_points_challenger` (mean points),
            `judge_kappa_preference` and `judge_kappa_points` (agreement with people), and of the pairs that the judge
            was asked about `judge_failed` (share without a verdict) and `judge_order` (share whose verdict changed when
            the two answers were swapped).
        table: One line for each sampled row: answers, verdict, points, reason and failure. Rows that the judge failed on
            stay in, as a tie with the lowest points.
        preference: The judge's agreement with people on preferences.
        points: The judge's agreement with people on points.
        note: The results as a paragraph for people.
        cost: US dollars that the judge has cost so far.
    """

    numbers: dict[str, Number]
    table: pd.DataFrame = field(repr=False)
    preference: Agreement
    points: Agreement
    note: str
    cost: float

    @property
    def decides(self) -> bool:
        """Whether the LLM judge agrees with people well enough for its preference to count."""
        return self.preference.decides

    @property
    def vetoes(self) -> bool:
        """Whether the LLM judge forbids a promotion: it may decide, and it shows the champion to be better.

        The champion is better if the whole 95 % interval of the judge's preference is below 0.
        """
        high = self.numbers["judge_preference"].high
        return self.decides and high is not None and high < 0


def compare(
    judge: Judge,
    development: pd.DataFrame,
    champion: Sequence[Response],
    challenger: Sequence[Response],
    *,
    seed: int = 0,
) -> JudgedPair:
    """Return the LLM judge's verdict on which model answers a sample of rows better, and its agreement with people.

    Two equal answers are a tie without asking the judge. A missing answer loses to any other, and gets the lowest points.

    Args:
        judge: The judge.
        development: The development rows.
        champion: The champion's responses to them, in the same order.
        challenger: The challenger's responses to them, in the same order.
        seed: Seed of the sample, default 0.

    Raises:
        UserError: There are too few development rows or different answers to measure the agreement.
    """
    sample = _sample(len(development), judge.settings.sample, seed)
    rows = development.iloc[sample].reset_index(drop=True)
    records = records_of(rows)
    champion_answers, challenger_answers = (
        [_answer(responses[row]) for row in sample] for responses in (champion, challenger)
    )
    pair_ratings, all_ratings = _preferences(judge, records, champion_answers, challenger_answers)
    scores = {
        role: _points(judge, records, answers)
        for role, answers in (("champion", champion_answers), ("challenger", challenger_answers))
    }
    mistakes = _mistakes(judge.task, development, (champion, challenger))
    preference_agreement = calibrate(judge, development, "preference", seed=seed, mistakes=mistakes)
    points_agreement = calibrate(judge, development, "points", seed=seed, mistakes=mistakes)
    n_failed_pairs = sum(bool(rating.failed) for rating in pair_ratings)
    numbers = {
        "judge_preference": _preference(all_ratings),
        **{f"judge_points_{role}": _mean(values, seed) for role, (values, _) in scores.items()},
        "judge_kappa_preference": _kappa(preference_agreement),
        "judge_kappa_points": _kappa(points_agreement),
        "judge_failed": _share(n_failed_pairs, len(pair_ratings)),
        "judge_order": _share(sum(rating.swapped for rating in pair_ratings), len(pair_ratings)),
    }
    table = rows[["id"]].assign(
        expected=rows[judge.task.target.field],
        champion=champion_answers,
        challenger=challenger_answers,
        preference=[int(rating.value or 0) for rating in all_ratings],
        points_champion=scores["champion"][0],
        points_challenger=scores["challenger"][0],
        reason=[rating.reason for rating in all_ratings],
        failed=[rating.failed for rating in all_ratings],
    )
    n_failed = n_failed_pairs + sum(count for _, count in scores.values())
    note = _note(
        judge, numbers, preference_agreement, points_agreement, n_failed, 2 * len(rows) + len(pair_ratings)
    )
    return JudgedPair(numbers, table, preference_agreement, points_agreement, note, judge.cost)


def _sample(count: int, size: int, seed: int) -> list[int]:
    """Return the positions of `size` rows drawn at random out of `count`, in ascending order."""
    import numpy as np

    draw = np.random.default_rng([seed, 3]).permutation(count)
    return sorted(int(row) for row in draw[:size])


def _answer(response: Response) -> str:
    return "" if response.error is not None else (response.best or "")


def _preferences(
    judge: Judge, records: Sequence[Row], champion: Sequence[str], challenger: Sequence[str]
) -> tuple[list[Rating], list[Rating]]:
    """Rate every pair of answers, and ask the judge about those pairs whose answers differ and are not empty.

    Returns:
        The judge's ratings of the pairs it was asked about, and a rating of every pair: equal answers are a tie, and an
        empty answer loses to one that is not.
    """
    pairs = list(zip(champion, challenger, strict=True))
    differing = [row for row, (a, b) in enumerate(pairs) if a != b and a and b]
    asked = judge.prefer(
        [records[row] for row in differing],
        [champion[row] for row in differing],
        [challenger[row] for row in differing],
    )
    rating_by_row = dict(zip(differing, asked, strict=True))
    ratings = [rating_by_row.get(row) or Rating(bool(b) - bool(a)) for row, (a, b) in enumerate(pairs)]
    return asked, ratings


def _mistakes(
    task: Task, development: pd.DataFrame, responses_by_model: Sequence[Sequence[Response]]
) -> dict[str, str]:
    """Return wrong answers that the models gave to development rows, by the row's id.

    If several models made a mistake in a row, the last model's is returned.
    """
    return {
        str(row_id): answer
        for responses in responses_by_model
        for row_id, expected, answer in zip(
            development["id"], development[task.target.field], map(_answer, responses), strict=True
        )
        if answer and answer != expected and (not task.labels or answer in task.labels)
    }


def _preference(ratings: Sequence[Rating]) -> Number:
    import numpy as np

    from veritrain_lib.statistics.intervals import mean_difference_bounds

    preferences = np.array([float(rating.value or 0) for rating in ratings])
    low, high = mean_difference_bounds(preferences, 0.95)
    return Number(float(preferences.mean()), low, high, len(ratings))


def _points(judge: Judge, records: Sequence[Row], answers: Sequence[str]) -> tuple[list[int], int]:
    """Return the points of every answer, and the number of answers that the judge failed on.

    An empty answer, and one that the judge failed on, get the lowest points.
    """
    answered = [row for row, answer in enumerate(answers) if answer]
    ratings = judge.points([records[row] for row in answered], [answers[row] for row in answered])
    values = [judge.settings.scale[0]] * len(answers)
    for row, rating in zip(answered, ratings, strict=True):
        if rating.value is not None:
            values[row] = int(rating.value)
    return values, sum(rating.value is None for rating in ratings)


def _mean(values: Sequence[int], seed: int) -> Number:
    import numpy as np

    from veritrain_lib.statistics.bootstrap import bootstrap_interval

    interval = bootstrap_interval(values, seed=seed)
    return Number(float(np.mean(values)), interval.low, interval.high, len(values))


def _kappa(agreement: Agreement) -> Number:
    kappa = agreement.kappa
    return Number(kappa.value, kappa.interval.low, kappa.interval.high, kappa.n)


def _share(count: int, n: int) -> Number:
    from veritrain_lib.statistics.intervals import agresti_coull

    interval = agresti_coull(count, n)
    return Number(count / n if n else None, interval.low, interval.high, n)


def _note(
    judge: Judge,
    numbers: dict[str, Number],
    preference_agreement: Agreement,
    points_agreement: Agreement,
    n_failed: int,
    verdicts: int,
) -> str:
    preference = numbers["judge_preference"]
    effect = "" if preference_agreement.decides else " So its preference decides nothing."
    failures = (
        f" It failed on {n_failed} of {verdicts} verdicts, counted as ties and lowest points."
        if n_failed
        else ""
    )
    return (
        f"{judge.name} prefers the challenger by {preference.value:+.3f} (95 % interval {preference.low:+.3f} to {preference.high:+.3f}, "
        f"-1 to 1, n={preference.n}).{failures} {preference_agreement.sentence()} {points_agreement.sentence()}{effect}"
    )
