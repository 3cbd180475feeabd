"""The judge in the evaluation: it compares champion's and challenger's answers to a sample of development rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from veritrain_lib.judging.calibration import Agreement, calibrate
from veritrain_lib.judging.judge import Rating, Row, records_of

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.judging.judge import Judge


@dataclass(frozen=True)
class Number:
    """A number with its 95 % interval and the number of rows it was measured on."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None


@dataclass(frozen=True)
class JudgedPair:
    """The judge's verdict on two models.

    Attributes:
        numbers: `judge_preference` (-1: the champion is always better, 1: the challenger; ties and failures count 0),
            `judge_points_champion` and `judge_points_challenger`, `judge_kappa_preference` and `judge_kappa_points`,
            `judge_failed` and `judge_order` (shares of the pairs asked about that it failed on, and that it answered by
            their order).
        table: One row per sampled row.
        preference: Its agreement with people on preferences.
        points: Its agreement with people on points.
        note: The numbers in words.
        cost: US dollars paid so far.
    """

    numbers: dict[str, Number]
    table: pd.DataFrame = field(repr=False)
    preference: Agreement
    points: Agreement
    note: str
    cost: float

    @property
    def decides(self) -> bool:
        """Whether the judge's preference agrees with people well enough to count."""
        return self.preference.decides

    @property
    def vetoes(self) -> bool:
        """Whether the judge decides and shows the champion to be better: the whole interval is below 0."""
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
    """Judge both models' answers to a sample of development rows.

    Equal answers are a tie without asking the judge, and a model that gave no answer loses to one that did and gets the
    lowest points. Rows that the judge failed on stay in: as a tie, with the lowest points.

    Args:
        judge: The judge.
        development: The development rows.
        champion: The champion's responses to them.
        challenger: The challenger's responses to them.
        seed: Seed of the sample.
    """
    import numpy as np
    import pandas as pd

    from veritrain_lib.statistics.intervals import mean_difference_bounds

    task, settings = judge.task, judge.settings
    sample = sorted(
        int(row) for row in np.random.default_rng([seed, 3]).permutation(len(development))[: settings.sample]
    )
    rows = development.iloc[sample].reset_index(drop=True)
    records = records_of(rows)
    champion_answers, challenger_answers = (
        [_answer(responses[row]) for row in sample] for responses in (champion, challenger)
    )
    differing = [
        row
        for row, (a, b) in enumerate(zip(champion_answers, challenger_answers, strict=True))
        if a != b and a and b
    ]
    pair_ratings = judge.prefer(
        [records[row] for row in differing],
        [champion_answers[row] for row in differing],
        [challenger_answers[row] for row in differing],
    )
    rating_by_row = dict(zip(differing, pair_ratings, strict=True))
    all_ratings = [
        rating_by_row.get(row) or Rating(_unasked(a, b))
        for row, (a, b) in enumerate(zip(champion_answers, challenger_answers, strict=True))
    ]
    preferences = np.array([float(rating.value or 0) for rating in all_ratings])
    scores = {
        role: _points(judge, records, answers)
        for role, answers in (("champion", champion_answers), ("challenger", challenger_answers))
    }

    target = task.target.field
    mistakes = {
        str(row_id): answer
        for responses in (champion, challenger)
        for row_id, expected, answer in zip(
            development["id"], development[target], map(_answer, responses), strict=True
        )
        if answer and answer != expected and (not task.labels or answer in task.labels)
    }
    preference_agreement = calibrate(judge, development, "preference", seed=seed, mistakes=mistakes)
    points_agreement = calibrate(judge, development, "points", seed=seed, mistakes=mistakes)
    low, high = mean_difference_bounds(preferences, 0.95)
    failed, swapped = (
        sum(bool(getattr(rating, flag)) for rating in pair_ratings) for flag in ("failed", "swapped")
    )
    numbers = {
        "judge_preference": Number(float(preferences.mean()), low, high, len(rows)),
        **{f"judge_points_{role}": _mean(values, seed) for role, (values, _) in scores.items()},
        "judge_kappa_preference": _kappa(preference_agreement),
        "judge_kappa_points": _kappa(points_agreement),
        "judge_failed": _share(failed, len(pair_ratings)),
        "judge_order": _share(swapped, len(pair_ratings)),
    }
    table = pd.DataFrame(
        {
            "id": rows["id"],
            "expected": rows[target],
            "champion": champion_answers,
            "challenger": challenger_answers,
            "preference": preferences.astype(int),
            "points_champion": scores["champion"][0],
            "points_challenger": scores["challenger"][0],
            "reason": [rating.reason for rating in all_ratings],
            "failed": [rating.failed for rating in all_ratings],
        }
    )
    n_failed = failed + sum(count for _, count in scores.values())
    note = _note(
        judge, numbers, preference_agreement, points_agreement, n_failed, 2 * len(rows) + len(pair_ratings)
    )
    return JudgedPair(numbers, table, preference_agreement, points_agreement, note, judge.cost)


def _answer(response: Response) -> str:
    return "" if response.error is not None else (response.best or "")


def _unasked(champion: str, challenger: str) -> int:
    return bool(challenger) - bool(champion)


def _points(judge: Judge, records: Sequence[Row], answers: Sequence[str]) -> tuple[list[int], int]:
    """Return the points of every answer, and on how many the judge failed; no answer and no verdict get the lowest."""
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
