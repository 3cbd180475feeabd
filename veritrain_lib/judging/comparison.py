"""The judge in the evaluation: champion's and challenger's answers to a sample of development rows."""

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
    """A number with its 95 % interval and the rows that it is from."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None


@dataclass(frozen=True)
class JudgedPair:
    """What the judge said of two models.

    `numbers`: `judge_preference` (-1 the champion is always better, 1 the challenger, ties and failures 0),
    `judge_points_champion` and `judge_points_challenger`, `judge_kappa_preference` and `judge_kappa_points`,
    `judge_failed` and `judge_order` (shares of the pairs asked about that it failed on, and that it answered
    by their order). `table` has one line a sampled row. `decides` says whether its preference may count.
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
    def forbids(self) -> bool:
        """Whether it decides and the champion is shown to be better: the whole interval is below 0."""
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

    Equal answers are a tie without being asked about, and a model that gave no answer loses to one that did
    and gets the lowest points. What the judge failed on stays: a tie, and the lowest points.
    """
    import numpy as np
    import pandas as pd

    from veritrain_lib.statistics.intervals import mean_difference_bounds

    task, settings = judge.task, judge.settings
    drawn = sorted(
        int(at) for at in np.random.default_rng([seed, 3]).permutation(len(development))[: settings.sample]
    )
    rows = development.iloc[drawn].reset_index(drop=True)
    records = records_of(rows)
    old, new = ([_answer(given[at]) for at in drawn] for given in (champion, challenger))
    differing = [at for at, (a, b) in enumerate(zip(old, new, strict=True)) if a != b and a and b]
    asked = judge.prefer(
        [records[at] for at in differing], [old[at] for at in differing], [new[at] for at in differing]
    )
    preferred = dict(zip(differing, asked, strict=True))
    whole = [
        preferred.get(at) or Rating(_unasked(a, b)) for at, (a, b) in enumerate(zip(old, new, strict=True))
    ]
    preferences = np.array([float(rating.value or 0) for rating in whole])
    scores = {
        role: _points(judge, records, given) for role, given in (("champion", old), ("challenger", new))
    }

    target = task.target.field
    mistakes = {
        str(row_id): answer
        for responses in (champion, challenger)
        for row_id, own, answer in zip(
            development["id"], development[target], map(_answer, responses), strict=True
        )
        if answer and answer != own and (not task.labels or answer in task.labels)
    }
    agreed = calibrate(judge, development, "preference", seed=seed, mistakes=mistakes)
    pointed = calibrate(judge, development, "points", seed=seed, mistakes=mistakes)
    low, high = mean_difference_bounds(preferences, 0.95)
    failed, swapped = (sum(bool(getattr(one, what)) for one in asked) for what in ("failed", "swapped"))
    numbers = {
        "judge_preference": Number(float(preferences.mean()), low, high, len(rows)),
        **{f"judge_points_{role}": _mean(values, seed) for role, (values, _) in scores.items()},
        "judge_kappa_preference": _kappa(agreed),
        "judge_kappa_points": _kappa(pointed),
        "judge_failed": _share(failed, len(asked)),
        "judge_order": _share(swapped, len(asked)),
    }
    table = pd.DataFrame(
        {
            "id": rows["id"],
            "expected": rows[target],
            "champion": old,
            "challenger": new,
            "preference": preferences.astype(int),
            "points_champion": scores["champion"][0],
            "points_challenger": scores["challenger"][0],
            "reason": [rating.reason for rating in whole],
            "failed": [rating.failed for rating in whole],
        }
    )
    lost = failed + sum(count for _, count in scores.values())
    note = _note(judge, numbers, agreed, pointed, lost, 2 * len(rows) + len(asked))
    return JudgedPair(numbers, table, agreed, pointed, note, judge.cost)


def _answer(response: Response) -> str:
    return "" if response.error is not None else (response.best or "")


def _unasked(champion: str, challenger: str) -> int:
    return bool(challenger) - bool(champion)


def _points(judge: Judge, records: Sequence[Row], answers: Sequence[str]) -> tuple[list[int], int]:
    """Points of every answer, and on how many the judge failed; no answer and no verdict get the lowest."""
    given = [at for at, answer in enumerate(answers) if answer]
    ratings = judge.points([records[at] for at in given], [answers[at] for at in given])
    values = [judge.settings.scale[0]] * len(answers)
    for at, rating in zip(given, ratings, strict=True):
        if rating.value is not None:
            values[at] = int(rating.value)
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
    judge: Judge, numbers: dict[str, Number], agreed: Agreement, pointed: Agreement, lost: int, verdicts: int
) -> str:
    net = numbers["judge_preference"]
    effect = "" if agreed.decides else " So its preference decides nothing."
    failures = (
        f" It failed on {lost} of {verdicts} verdicts, counted as ties and lowest points." if lost else ""
    )
    return (
        f"{judge.name} prefers the challenger by {net.value:+.3f} (95 % interval {net.low:+.3f} to {net.high:+.3f}, "
        f"-1 to 1, n={net.n}).{failures} {agreed.sentence()} {pointed.sentence()}{effect}"
    )
