"""Confident learning: out-of-fold scores, and the labels that they contradict with confidence."""

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
"""Rows whose label the students agree with that are needed to know how confident they usually are."""


def out_of_fold(
    judged: pd.DataFrame, context: Context, *, folds: int, repeats: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean log scores by students that were trained without the row, and the rows' given labels.

    Accepted rows of people train every student. Folds are stratified by label.

    Args:
        judged: Rows to judge, each with a label of the task.
        context: Task, accepted rows and `fit`.
        folds: Number of folds.
        repeats: Times that the cross-validation is repeated.

    Returns:
        Log scores of shape (rows, labels of the task in their order), and label numbers of shape (rows,). The judged rows come
        first, then the accepted rows that are not people's. A label that a student did not know scores `nan`.

    Raises:
        ValueError: When the context has no `fit`.
    """
    import numpy as np
    import pandas as pd

    target, labels = context.task.target.field, context.task.labels
    accepted = context.accepted_rows if len(context.accepted_rows) else judged.iloc[:0]
    accepted = accepted[accepted[target].isin(labels)]
    human, others = accepted[accepted["source"] == "human"], accepted[accepted["source"] != "human"]
    folded = pd.concat([judged, others], ignore_index=True)
    if context.fit is None:
        raise ValueError("out-of-fold scores need context.fit")
    total = np.zeros((len(folded), len(labels)))
    for repeat in range(repeats):
        fold = stratified_folds(folded[target].tolist(), folds, np.random.default_rng([context.seed, repeat]))
        for fold_number in range(folds):
            test = np.flatnonzero(fold == fold_number)
            if not len(test):
                continue
            scorer = context.fit(pd.concat([human, folded[fold != fold_number]], ignore_index=True))
            scores = np.full((len(test), len(labels)), np.nan)
            scores[:, [labels.index(label) for label in scorer.labels]] = scorer.scores(folded.iloc[test])
            total[test] += np.log(np.maximum(scores, FLOOR))
    return total / repeats, np.array([labels.index(label) for label in folded[target]], dtype=int)


def stratified_folds(row_labels: list[str], folds: int, rng: np.random.Generator) -> np.ndarray:
    """Assign rows to stratified folds: the rows of each label are shuffled and dealt out in turn.

    Args:
        row_labels: Label of each row.
        folds: Number of folds.
        rng: Source of randomness.

    Returns:
        A fold number for each row.
    """
    import numpy as np

    numbers = np.zeros(len(row_labels), dtype=int)
    labels = np.array(row_labels, dtype=object)
    start = 0
    for label in sorted(set(row_labels)):
        positions = rng.permutation(np.flatnonzero(labels == label))
        numbers[positions] = (start + np.arange(len(positions))) % folds
        start += len(positions)
    return numbers


@dataclass(frozen=True)
class Margins:
    """Summary of the log scores of n rows, each array of shape (n,).

    Attributes:
        given_score: Log score of the row's given label; nan where no student knew it.
        best_other_score: Log score of the best other label.
        best_other: Number of that label.
        mean_other_score: Mean log score of all other labels.
    """

    given_score: np.ndarray
    best_other_score: np.ndarray
    best_other: np.ndarray
    mean_other_score: np.ndarray


def margins(log_scores: np.ndarray, given_labels: np.ndarray) -> Margins:
    """Summarize log scores.

    Args:
        log_scores: Log scores of shape (rows, labels).
        given_labels: Number of each row's given label.

    Returns:
        The margins.
    """
    import numpy as np

    rows = np.arange(len(given_labels))
    is_other = ~np.isnan(log_scores)
    is_other[rows, given_labels] = False
    other_scores = np.where(is_other, log_scores, -np.inf)
    best_other_score = other_scores.max(axis=1, initial=-np.inf)
    mean_other_score = np.where(is_other, log_scores, 0.0).sum(axis=1) / np.maximum(is_other.sum(axis=1), 1)
    return Margins(
        log_scores[rows, given_labels], best_other_score, other_scores.argmax(axis=1), mean_other_score
    )


def label_issues(margins: Margins, certainty: float) -> np.ndarray:
    """Return the label that contradicts each row's given one.

    The log odds of the best other label against the given one must reach `certainty` times the median log odds of the given
    label against the mean other one where the given label wins: what a random wrong label would show. So the rule does not
    depend on how sharp a student's scores are, nor much on the number of labels.

    Args:
        margins: Margins of the rows.
        certainty: Confidence that a contradiction needs.

    Returns:
        Number of the contradicting label, -1 where there is none. -1 everywhere when fewer than `MINIMUM_AGREEING` rows agree,
        and where the given label was unknown to a student.
    """
    import numpy as np

    odds = margins.best_other_score - margins.given_score
    agreeing = odds < 0
    if agreeing.sum() < MINIMUM_AGREEING:
        return np.full(len(odds), -1)
    typical_odds = np.median((margins.given_score - margins.mean_other_score)[agreeing])
    return np.where((odds > 0) & (odds >= certainty * typical_odds), margins.best_other, -1)
