"""Search for label issues among very many rows, by student models that use word features only.

Above 30,000 rows (`MANY`), two linear support vector machines on words and word bigrams replace the task's student
model. Each is trained on a sample of one half of the rows and scores the other half, at the cost of a few additions a
row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.quality.labels.confident_learning import Margins, margins
from veritrain_lib.quality.prepared_texts import tokens_in

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.text.tokens import Tokens

MANY = 30_000
"""Number of rows above which the students of this module replace the task's own in the search for label issues."""

TRAINING_ROWS = 10_000
"""Largest number of rows that each student is trained on, besides the accepted rows that people wrote."""

FEATURES = 2**18
"""Number of hash buckets for words and word bigrams (K. Weinberger et al. 2009, ICML)."""

CHUNK = 50_000


def quick_margins(judged: pd.DataFrame, context: Context) -> Margins:
    """Return how strongly each row's label is contradicted by a student model trained on the other half of the rows.

    Args:
        judged: Rows to judge, each with a label of the task.
        context: Task and accepted rows.

    Returns:
        Log scores of the given and the other labels, in the order of the rows.
    """
    import numpy as np

    labels, target, inputs = context.task.labels, context.task.target.field, list(context.task.inputs)
    rng = np.random.default_rng(context.seed)
    given_labels = _label_numbers(judged, target, labels)
    human = context.accepted_rows
    human = human[(human["source"] == "human") & human[target].isin(labels)] if len(human) else human
    features = _features(tokens_in(judged, inputs))
    human_features = _features(tokens_in(human, inputs)) if len(human) else features[:0]
    human_labels = _label_numbers(human, target, labels) if len(human) else given_labels[:0]
    order = rng.permutation(len(judged))
    halves = np.array_split(order, 2)
    parts: list[tuple[np.ndarray, Margins]] = []
    for test, train in (halves, halves[::-1]):
        sampled = train[:TRAINING_ROWS]
        train_features = _stacked(human_features, features[sampled])
        # Features that no training row uses have no weight: without them the weights fit into the CPU caches.
        used = np.unique(train_features.indices)
        student = _train(
            train_features[:, used], np.concatenate([human_labels, given_labels[sampled]]), context.seed
        )
        for start in range(0, len(test), CHUNK):
            rows = test[start : start + CHUNK]
            log_scores = _log_scores(student, features[rows][:, used], len(labels))
            parts.append((rows, margins(log_scores, given_labels[rows])))
    order_of_rows = np.argsort(np.concatenate([rows for rows, _ in parts]))
    return Margins(*(np.concatenate([getattr(part, name) for _, part in parts])[order_of_rows]
                     for name in ("given_score", "best_other_score", "best_other", "mean_other_score")))  # fmt: skip


def _label_numbers(rows: pd.DataFrame, target: str, labels: list[str]) -> np.ndarray:
    import pandas as pd

    return pd.Categorical(rows[target], categories=labels).codes.astype(int)


def _features(tokens: Tokens) -> Any:
    """Return TF-IDF features of words and word bigrams, as a sparse matrix of shape (texts, FEATURES).

    Each row has unit length.
    """
    import zlib

    import numpy as np
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfTransformer

    hashes = np.array([zlib.crc32(word.encode()) for word in tokens.words], dtype=np.uint64)[tokens.ids]
    text_indices = tokens.text_indices()
    pair = hashes[:-1] * np.uint64(2654435761) + hashes[1:]
    within = text_indices[:-1] == text_indices[1:]
    buckets = np.concatenate([hashes, pair[within]]) % np.uint64(FEATURES)
    rows = np.concatenate([text_indices, text_indices[:-1][within]])
    counts = csr_matrix(
        (np.ones(len(buckets), dtype=np.float32), (rows, buckets.astype(np.int64))),
        shape=(len(tokens), FEATURES),
    )
    return TfidfTransformer(sublinear_tf=True).fit_transform(counts)


def _stacked(upper: Any, lower: Any) -> Any:
    from scipy.sparse import vstack

    return vstack([upper, lower], format="csr")


def _train(features: Any, labels: np.ndarray, seed: int) -> Any:
    from sklearn.svm import LinearSVC

    return LinearSVC(random_state=seed).fit(features, labels)


def _log_scores(student: Any, features: Any, labels: int) -> np.ndarray:
    """Return a student's decision values, shape (rows, labels); nan for labels that the student does not know.

    They differ from log softmax scores by one number a row, which does not affect margins.
    """
    import numpy as np

    decisions = np.asarray(student.decision_function(features))
    if decisions.ndim == 1:
        decisions = np.column_stack([-decisions, decisions])
    log_scores = np.full((features.shape[0], labels), np.nan)
    log_scores[:, student.classes_] = decisions
    return log_scores
