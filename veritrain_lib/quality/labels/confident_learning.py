"""Confident learning: search for labels that are contradicted with confidence by models trained without the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context

FLOOR = 1e-12
"""Smallest score that is used; smaller ones are raised to it before the logarithm."""

MINIMUM_AGREEING = 10
"""Smallest number of rows whose label the students must agree with for any label to be called an issue.

With fewer rows the students' usual confidence is unknown.
"""


def out_of_fold(
    judged: pd.DataFrame, context: Context, *, folds: int, repeats: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return log scores of every label for each row, by student models trained without the row, and the given labels.

    Accepted rows that people wrote train every student (a small model). Folds are stratified by label.

    Args:
        judged: Rows to judge, each with a label of the task.
        context: Task, accepted rows and `fit`, which trains a student.
        folds: Number of folds.
        repeats: Number of times that the cross-validation is repeated; log scores are means over the repeats.

    Returns:
        Log scores of shape (rows, labels of the task in their order), and label numbers of shape (rows,). The judged
        rows come first, then the accepted rows that people did not write. The score of a label that a student does not
        know is nan.

    Raises:
        ValueError: The context has no `fit`.
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
        A fold number for each row, from 0; shape (rows,).
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
    """Log scores of each row's given label and of the other labels, as a model predicts them; arrays of shape (rows,).

    Their differences say how strongly the model contradicts the given label.

    Attributes:
        given_score: Log score of the row's given label; nan if no student knew the label.
        best_other_score: Log score of the best other label.
        best_other: Number of the best other label.
        mean_other_score: Mean log score of all other labels.
    """

    given_score: np.ndarray
    best_other_score: np.ndarray
    best_other: np.ndarray
    mean_other_score: np.ndarray


def margins(log_scores: np.ndarray, given_labels: np.ndarray) -> Margins:
    """Compute from log scores how strongly each row's given label is contradicted.

    Args:
        log_scores: Log scores of shape (rows, labels).
        given_labels: Number of each row's given label, shape (rows,).

    Returns:
        The scores of the given and the best other label, and the mean of the others; labels with score nan are ignored.
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
    """Return for each row the label that contradicts its given one with confidence.

    The log odds of the best other label against the given one must reach `certainty` times a typical value, the median
    log odds of given label against mean other label over the rows whose given label wins. This is what a random wrong
    label would show. So the rule does not depend on how sharp a model's scores are, nor much on the number of labels.

    Args:
        margins: Margins of the rows.
        certainty: Confidence that a contradiction needs, as a multiple of the typical log odds.

    Returns:
        Number of the contradicting label, -1 for none; shape (rows,). It is -1 for every row if the models agree with
        fewer than 10 rows (`MINIMUM_AGREEING`), and for rows whose given label a model did not know.
    """
    import numpy as np

    odds = margins.best_other_score - margins.given_score
    agreeing = odds < 0
    if agreeing.sum() < MINIMUM_AGREEING:
        return np.full(len(odds), -1)
    typical_odds = np.median((margins.given_score - margins.mean_other_score)[agreeing])
    return np.where((odds > 0) & (odds >= certainty * typical_odds), margins.best_other, -1)
