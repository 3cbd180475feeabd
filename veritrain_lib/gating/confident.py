"""Out-of-fold scores, and the rows that they contradict with confidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.gating.context import Context

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


def contradicted(logs: np.ndarray, given: np.ndarray, certainty: float) -> np.ndarray:
    """For each row the number of the label that contradicts its own, -1 where none does.

    `logs` are log scores of shape (rows, labels), `given` the numbers of the rows' own labels. The log odds of
    the best other label against the own one must reach `certainty` times the median log odds of the own label
    against the mean other one where the own label wins: what a random wrong label would show. So the rule does
    not depend on how sharp a student's scores are, nor much on how many labels there are. -1
    everywhere when fewer than `MINIMUM_AGREEING` rows agree, and where the own label was unknown to a student.
    """
    import numpy as np

    everyone = np.arange(len(given))
    own = logs[everyone, given]
    others = np.where(np.isnan(logs), -np.inf, logs)
    others[everyone, given] = -np.inf
    best = others.argmax(axis=1)
    odds = others[everyone, best] - own
    agreeing = odds < 0
    if agreeing.sum() < MINIMUM_AGREEING:
        return np.full(len(given), -1)
    mean_other = np.nanmean(np.where(np.isfinite(others), others, np.nan)[agreeing], axis=1)
    flagged = (odds > 0) & (odds >= certainty * np.median(own[agreeing] - mean_other))
    return np.where(flagged, best, -1)
