"""Out-of-fold scores, and the rows that they contradict with confidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context

FLOOR = 1e-12
"""Scores are raised to this before the logarithm."""

MINIMUM_AGREEING = 10
"""With fewer rows that the students agree with there is no measure of how sure they usually are."""


def out_of_fold(
    judged: pd.DataFrame, context: Context, *, folds: int, repeats: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean log scores by students that had not seen the row, and the numbers of the rows' own labels.

    Shapes (rows, labels of the task in sorted order) and (rows,); the judged rows come first, then the trusted
    rows that are not people's. Trusted rows of people train every student. Folds are dealt out label by label,
    so that each holds about the same share of each. A label that a student did not know scores `nan`.
    """
    import numpy as np
    import pandas as pd

    target, labels = context.task.target.field, context.task.labels
    trusted = context.trusted if len(context.trusted) else judged.iloc[:0]
    trusted = trusted[trusted[target].isin(labels)]
    people, others = trusted[trusted["source"] == "human"], trusted[trusted["source"] != "human"]
    folded = pd.concat([judged, others], ignore_index=True)
    if context.fit is None:
        raise ValueError("out-of-fold scores need context.fit")
    total = np.zeros((len(folded), len(labels)))
    for repeat in range(repeats):
        fold = deal(folded[target].tolist(), folds, np.random.default_rng([context.seed, repeat]))
        for number in range(folds):
            asked = np.flatnonzero(fold == number)
            if not len(asked):
                continue
            scorer = context.fit(pd.concat([people, folded[fold != number]], ignore_index=True))
            scores = np.full((len(asked), len(labels)), np.nan)
            scores[:, [labels.index(label) for label in scorer.labels]] = scorer.scores(folded.iloc[asked])
            total[asked] += np.log(np.maximum(scores, FLOOR))
    return total / repeats, np.array([labels.index(label) for label in folded[target]], dtype=int)


def deal(given: list[str], folds: int, rng: np.random.Generator) -> np.ndarray:
    """A fold number for each row: each label's rows are shuffled and dealt out in turn."""
    import numpy as np

    numbers = np.zeros(len(given), dtype=int)
    labels = np.array(given, dtype=object)
    start = 0
    for label in sorted(set(given)):
        places = rng.permutation(np.flatnonzero(labels == label))
        numbers[places] = (start + np.arange(len(places))) % folds
        start += len(places)
    return numbers


@dataclass(frozen=True)
class Margins:
    """What is left of log scores of n rows: of the row's `own` label, of the `best` other one and which that is
    (`rival`, its number), and the mean of all others (`rest`). nan where no student knew the own label."""

    own: np.ndarray
    best: np.ndarray
    rival: np.ndarray
    rest: np.ndarray


def margins(logs: np.ndarray, given: np.ndarray) -> Margins:
    """The margins of log scores of shape (rows, labels); `given` are the numbers of the rows' own labels."""
    import numpy as np

    everyone = np.arange(len(given))
    known = ~np.isnan(logs)
    known[everyone, given] = False
    others = np.where(known, logs, -np.inf)
    best = others.max(axis=1, initial=-np.inf)
    rest = np.where(known, logs, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return Margins(logs[everyone, given], best, others.argmax(axis=1), rest)


def contradicted(margins: Margins, certainty: float) -> np.ndarray:
    """For each row the number of the label that contradicts its own, -1 where none does.

    The log odds of the best other label against the own one must reach `certainty` times the median log odds of the
    own label against the mean other one where the own label wins: what a random wrong label would show. So the rule
    does not depend on how sharp a student's scores are, nor much on how many labels there are. -1 everywhere when
    fewer than `MINIMUM_AGREEING` rows agree, and where the own label was unknown to a student.
    """
    import numpy as np

    odds = margins.best - margins.own
    agreeing = odds < 0
    if agreeing.sum() < MINIMUM_AGREEING:
        return np.full(len(odds), -1)
    usual = np.median((margins.own - margins.rest)[agreeing])
    return np.where((odds > 0) & (odds >= certainty * usual), margins.rival, -1)
