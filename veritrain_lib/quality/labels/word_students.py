"""Search for label issues among some thousand rows with many labels, by student models on words.

The task's own student would be trained fifteen times, each time once for every label on some hundred features a row.
The students here are trained fifteen times, too, but on one matrix for all folds with a sixth of the features: words,
word bigrams, and the first letters of words, which stand for their inflections. On CLINC150 with a tenth of wrong
labels they find 87 % of them and the task's students 88 %, both at a precision of 0.97, in about a fifth of the time.
If labels are few and broad, the task's students are better by some points and cost little, so they are only replaced
above `MAXIMUM_SCORES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.quality.labels.confident_learning import Margins, margins, stratified_folds
from veritrain_lib.quality.text.normal_form import joined
from veritrain_lib.quality.text.tokens import tokens_of

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.text.tokens import Tokens

MAXIMUM_SCORES, MAXIMUM_ROWS = 150_000, 5_000
"""Largest product of rows and labels, and largest number of rows, for which the task's own students are used.

They search for label issues in 5 to 10 seconds there; above it the students of this module replace them.
"""

EFFORT = ((5_000, 50, 3), (10_000, 5, 1), (20_000, 3, 1))
"""Number of rows, and the largest number of folds and of repeats up to it; above the last one there are `FEWEST`.

The time then hardly grows with the rows, since each student has more rows of a label anyway. The third repeat avoids
flagging three of 4,700 clean rows.
"""

FEWEST = (2, 1)
"""Folds and repeats above the numbers of rows that `EFFORT` names."""

TRAINING_ROWS = 12_000
"""Largest number of rows that a student is trained on, a random draw of more, so that time does not grow with them."""

PREFIX_LENGTHS = (3, 5)
"""Lengths in letters of the prefixes that are features of longer words."""

MINIMUM_DOCUMENT_FREQUENCY = 2
"""Smallest number of texts that a feature must occur in; a feature of a single text says nothing about other texts."""


def exceeds_student_budget(rows: int, labels: int) -> bool:
    """Return whether a task has too many rows to search for label issues with its own student models.

    Args:
        rows: Number of judged and accepted rows.
        labels: Number of labels of the task.

    Returns:
        True above 5,000 rows, or 150,000 rows times labels.
    """
    return rows > MAXIMUM_ROWS or rows * labels > MAXIMUM_SCORES


def out_of_fold_margins(judged: pd.DataFrame, context: Context, *, folds: int, repeats: int) -> Margins:
    """Return how strongly each row's label is contradicted by student models trained without the row.

    Accepted rows that people wrote train every student. Folds are stratified by label.

    Args:
        judged: Rows to judge, each with a label of the task.
        context: Task and accepted rows.
        folds: Number of folds; fewer are used for many rows (`EFFORT`).
        repeats: Number of times that the cross-validation is repeated; fewer for many rows (`EFFORT`).

    Returns:
        Log scores of the given and the other labels: of the judged rows, then of the accepted rows that people did not
        write.
    """
    import numpy as np
    import pandas as pd
    from sklearn.svm import LinearSVC

    labels, target = context.task.labels, context.task.target.field
    accepted = context.accepted_rows if len(context.accepted_rows) else judged.iloc[:0]
    accepted = accepted[accepted[target].isin(labels)]
    human = (accepted["source"] == "human").to_numpy()
    rows = pd.concat([judged, accepted[~human], accepted[human]], ignore_index=True)
    count = len(judged) + int((~human).sum())
    given_labels = pd.Categorical(rows[target], categories=labels).codes.astype(int)
    features = features_of(tokens_of(joined(rows, list(context.task.inputs))))
    total = np.zeros((count, len(labels)))
    folds, repeats = _effort(len(rows), folds, repeats)
    for repeat in range(repeats):
        rng = np.random.default_rng([context.seed, repeat])
        fold = np.concatenate(
            [stratified_folds(rows[target].iloc[:count].tolist(), folds, rng), np.full(len(rows) - count, -1)]
        )
        for fold_number in range(folds):
            test, train = np.flatnonzero(fold == fold_number), np.flatnonzero(fold != fold_number)
            if not len(test):
                continue
            train = rng.permutation(train)[:TRAINING_ROWS] if len(train) > TRAINING_ROWS else train
            student = LinearSVC(random_state=context.seed).fit(features[train], given_labels[train])
            decisions = np.asarray(student.decision_function(features[test]))
            if decisions.ndim == 1:
                decisions = np.column_stack([-decisions, decisions])
            log_scores = np.full((len(test), len(labels)), np.nan)
            log_scores[:, student.classes_] = decisions
            total[test] += log_scores
    # Decision values differ from log softmax scores by one number a row, which does not affect margins.
    return margins(total / repeats, given_labels[:count])


def _effort(rows: int, folds: int, repeats: int) -> tuple[int, int]:
    """Return the folds and repeats that are run for a number of rows, by `EFFORT`."""
    most = next(
        ((most_folds, most_repeats) for upto, most_folds, most_repeats in EFFORT if rows <= upto), FEWEST
    )
    return min(folds, most[0]), min(repeats, most[1])


def features_of(tokens: Tokens) -> Any:
    """Return TF-IDF features of the words, word bigrams and word prefixes of texts, for student models.

    Args:
        tokens: Tokens of the texts.

    Returns:
        Sparse matrix of unit-length rows, shape (texts, features), without features that occur in a single text.
    """
    import numpy as np
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfTransformer

    ids, text_indices = tokens.ids.astype(np.int64), tokens.text_indices()
    within = text_indices[:-1] == text_indices[1:]
    bigrams, bigram_of = np.unique((ids[:-1] * len(tokens.words) + ids[1:])[within], return_inverse=True)
    columns, rows = [ids, bigram_of + len(tokens.words)], [text_indices, text_indices[:-1][within]]
    width = len(tokens.words) + len(bigrams)
    for length in PREFIX_LENGTHS:
        prefix_ids: dict[str, int] = {}
        prefixes = np.array(
            [
                prefix_ids.setdefault(word[:length], len(prefix_ids)) if len(word) > length else -1
                for word in tokens.words
            ],
            dtype=np.int64,
        )[tokens.ids]
        columns.append(prefixes[prefixes >= 0] + width)
        rows.append(text_indices[prefixes >= 0])
        width += len(prefix_ids)
    all_columns, all_rows = np.concatenate(columns), np.concatenate(rows)
    counts = csr_matrix(
        (np.ones(len(all_columns), dtype=np.float32), (all_rows, all_columns)), shape=(len(tokens), width)
    )
    counts.sum_duplicates()
    document_frequency = np.bincount(counts.indices, minlength=width)
    return TfidfTransformer(sublinear_tf=True).fit_transform(
        counts[:, np.flatnonzero(document_frequency >= MINIMUM_DOCUMENT_FREQUENCY)]
    )
