"""Out-of-fold scores, and the rows that they contradict with confidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.gating.context import Context


def out_of_fold(judged: pd.DataFrame, context: Context, *, folds: int, repeats: int) -> np.ndarray:
    """Scores of shape (rows, labels of the task in sorted order), by students that had not seen the row.

    Trusted rows of people train every student; other trusted rows are folded with the judged ones. Folds are
    dealt out label by label, so that each has about the same share of each; means over the repeats.
    """
    import numpy as np
    import pandas as pd

    target, labels = context.task.target.field, context.task.labels
    people = context.trusted[context.trusted["source"] == "human"] if len(context.trusted) else judged.iloc[:0]
    others = context.trusted[context.trusted["source"] != "human"] if len(context.trusted) else judged.iloc[:0]
    folded = pd.concat([judged, others[others[target].isin(labels)]], ignore_index=True)
    assert context.fit is not None
    total = np.zeros((len(judged), len(labels)))
    for repeat in range(repeats):
        fold = deal(folded[target].tolist(), folds, np.random.default_rng([context.seed, repeat]))
        for number in range(folds):
            asked = np.flatnonzero(fold[: len(judged)] == number)
            if not len(asked):
                continue
            scorer = context.fit(pd.concat([people, folded[fold != number]], ignore_index=True))
            scores = scorer.scores(judged.iloc[asked])
            for column, label in enumerate(scorer.labels):
                total[asked, labels.index(label)] += scores[:, column]
    return total / repeats


def deal(given: list[str], folds: int, rng: np.random.Generator) -> np.ndarray:
    """A fold number for each row: each label's rows are shuffled and dealt out in turn."""
    import numpy as np

    numbers = np.zeros(len(given), dtype=int)
    labels = np.array(given)
    start = 0
    for label in sorted(set(given)):
        places = rng.permutation(np.flatnonzero(labels == label))
        numbers[places] = (start + np.arange(len(places))) % folds
        start += len(places)
    return numbers


def contradicted(scores: np.ndarray, given: np.ndarray, margin: float) -> np.ndarray:
    """For each row the number of the label that contradicts its own, -1 where none does.

    `scores` of shape (rows, labels), `given` the numbers of the rows' own labels. A label counts where its
    score reaches the mean score of the rows that carry it (Northcutt et al. 2021, equation 2); the best such
    label must be another one and beat the own score by `margin`.
    """
    import numpy as np

    thresholds = np.array(
        [scores[given == k, k].mean() if (given == k).any() else np.inf for k in range(scores.shape[1])]
    )
    confident = np.where(scores >= thresholds, scores, -np.inf)
    best = confident.argmax(axis=1)
    everyone = np.arange(len(given))
    beaten = confident[everyone, best] - scores[everyone, given] >= margin
    return np.where((best != given) & beaten, best, -1)
