"""Search for label issues by the vectors of a sentence encoder, in a time that grows with the number of rows alone.

A linear discriminant analysis (LDA) on vectors is one product of matrices for all labels together, where a support vector
machine is trained once for every label. So all rows can be searched, however many, and no sample is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.encoders import vector_store
from veritrain_lib.encoders.base import open_encoder
from veritrain_lib.encoders.of_task import encoder_name
from veritrain_lib.models.served import joined
from veritrain_lib.quality.labels.confident_learning import Margins, margins, stratified_folds

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context

SHRINKAGE = 0.3
"""Weight of a covariance that is the same in all directions beside that of the rows, which have few a label. On CLINC150
0.1 to 0.6 differ by one point of recall at the same precision."""

AT_ONCE = 20_000
"""Rows that are scored at once: a million rows of 150 labels would take gigabytes."""


def vector_margins(judged: pd.DataFrame, context: Context, *, folds: int) -> Margins:
    """Return how strongly each row's label is contradicted by discriminant models that were trained without the row.

    The models are linear discriminants of sentence vectors. Accepted rows train the model of every fold, since people
    wrote them, or several people agreed on their label. Folds are stratified by label; cross-validation runs once.

    Args:
        judged: Rows to judge, each with a label of the task.
        context: Task and accepted rows.
        folds: Number of folds.

    Returns:
        Log scores of the given and the other labels of the judged rows.
    """
    import numpy as np
    import pandas as pd

    task = context.task
    labels, target = task.labels, task.target.field
    accepted = context.accepted_rows if len(context.accepted_rows) else judged.iloc[:0]
    accepted = accepted[accepted[target].isin(labels)]
    encoder = open_encoder(encoder_name(task))
    vectors, accepted_vectors = (
        vector_store.encode(encoder, joined(rows, list(task.inputs))) for rows in (judged, accepted)
    )
    given, accepted_given = (
        pd.Categorical(rows[target], categories=labels).codes.astype(int) for rows in (judged, accepted)
    )
    fold = stratified_folds(judged[target].tolist(), folds, np.random.default_rng([context.seed, 0]))
    parts: list[tuple[np.ndarray, Margins]] = []
    for number in range(folds):
        tested = np.flatnonzero(fold == number)
        weights, offsets = _discriminants(
            np.vstack([accepted_vectors, vectors[fold != number]]),
            np.concatenate([accepted_given, given[fold != number]]),
            len(labels),
        )
        for start in range(0, len(tested), AT_ONCE):
            rows = tested[start : start + AT_ONCE]
            parts.append((rows, margins(vectors[rows] @ weights + offsets, given[rows])))
    order = np.argsort(np.concatenate([rows for rows, _ in parts]))
    return Margins(*(np.concatenate([getattr(part, name) for _, part in parts])[order]
                     for name in ("given_score", "best_other_score", "best_other", "mean_other_score")))  # fmt: skip


def _discriminants(vectors: np.ndarray, given: np.ndarray, labels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights and offsets of an LDA whose products with a vector are log scores, up to one number a vector.

    Args:
        vectors: Vectors, shape (rows, dimension).
        given: Number of each row's label.
        labels: Number of labels.

    Returns:
        Weights of shape (dimension, labels) and offsets of shape (labels,), which are nan for a label without a row.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    counts = np.bincount(given, minlength=labels)
    member = csr_matrix((np.ones(len(given), dtype=vectors.dtype), (given, np.arange(len(given)))),
                        shape=(labels, len(given)))  # fmt: skip
    means = (member @ vectors) / np.maximum(counts, 1)[:, None].astype(vectors.dtype)
    # The covariance within labels is that of all rows less that of the means: no centred copy of the rows is needed.
    within = (vectors.T @ vectors - (means * counts[:, None].astype(vectors.dtype)).T @ means) / len(vectors)
    dimension = within.shape[0]
    even = np.trace(within) / dimension
    shrunk = (1 - SHRINKAGE) * within.astype(np.float64) + SHRINKAGE * even * np.eye(dimension)
    weights = np.linalg.solve(shrunk, means.T.astype(np.float64))
    with np.errstate(divide="ignore"):
        offsets = np.log(counts / len(given)) - 0.5 * (means.T * weights).sum(axis=0)
    offsets[counts == 0] = np.nan
    return weights.astype(vectors.dtype), offsets.astype(vectors.dtype)
