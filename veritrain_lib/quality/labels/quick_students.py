"""Out-of-fold margins of very many rows, by students that read words only.

Above `MANY` rows two linear support vector machines on words and pairs of words are trained on a sample of one half of
the rows each, and score the other half: the cost of a row is then a few additions.
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
"""Rows from which these students stand in for the task's own."""

LEARNT_ROWS = 10_000
"""Rows that each student is trained on, besides people's trusted ones."""

FEATURES = 2**18
"""Places for words and pairs of words, by hash (K. Weinberger et al. 2009, ICML)."""

CHUNK = 50_000


def quick_margins(judged: pd.DataFrame, context: Context) -> Margins:
    """Margins of the judged rows, each by the student that was trained on the other half."""
    import numpy as np

    labels, target, inputs = context.task.labels, context.task.target.field, list(context.task.inputs)
    rng = np.random.default_rng(context.seed)
    given = _numbers(judged, target, labels)
    people = context.trusted
    people = people[(people["source"] == "human") & people[target].isin(labels)] if len(people) else people
    features = _features(tokens_in(judged, inputs))
    known = _features(tokens_in(people, inputs)) if len(people) else features[:0]
    known_labels = _numbers(people, target, labels) if len(people) else given[:0]
    order = rng.permutation(len(judged))
    halves = np.array_split(order, 2)
    parts: list[tuple[np.ndarray, Margins]] = []
    for asked, others in (halves, halves[::-1]):
        chosen = others[:LEARNT_ROWS]
        learnt = _stacked(known, features[chosen])
        # Places that no row learnt from uses have no weight: without them the weights fit into the caches.
        used = np.unique(learnt.indices)
        student = _train(learnt[:, used], np.concatenate([known_labels, given[chosen]]), context.seed)
        for start in range(0, len(asked), CHUNK):
            rows = asked[start : start + CHUNK]
            logs = _logs(student, features[rows][:, used], len(labels))
            parts.append((rows, margins(logs, given[rows])))
    places = np.argsort(np.concatenate([rows for rows, _ in parts]))
    return Margins(*(np.concatenate([getattr(one, name) for _, one in parts])[places]
                     for name in ("own", "best", "rival", "rest")))  # fmt: skip


def _numbers(rows: pd.DataFrame, target: str, labels: list[str]) -> np.ndarray:
    import pandas as pd

    return pd.Categorical(rows[target], categories=labels).codes.astype(int)


def _features(tokens: Tokens) -> Any:
    """Words and pairs of neighbouring words, weighed by how rare they are, unit length: (texts, FEATURES)."""
    import zlib

    import numpy as np
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfTransformer

    hashes = np.array([zlib.crc32(word.encode()) for word in tokens.words], dtype=np.uint64)[tokens.ids]
    owners = tokens.owners()
    pair = hashes[:-1] * np.uint64(2654435761) + hashes[1:]
    within = owners[:-1] == owners[1:]
    places = np.concatenate([hashes, pair[within]]) % np.uint64(FEATURES)
    rows = np.concatenate([owners, owners[:-1][within]])
    counts = csr_matrix(
        (np.ones(len(places), dtype=np.float32), (rows, places.astype(np.int64))),
        shape=(len(tokens), FEATURES),
    )
    return TfidfTransformer(sublinear_tf=True).fit_transform(counts)


def _stacked(one: Any, other: Any) -> Any:
    from scipy.sparse import vstack

    return vstack([one, other], format="csr")


def _train(features: Any, labels: np.ndarray, seed: int) -> Any:
    from sklearn.svm import LinearSVC

    return LinearSVC(random_state=seed).fit(features, labels)


def _logs(student: Any, features: Any, labels: int) -> np.ndarray:
    """Decisions, shape (rows, labels); nan for labels that the student does not know.

    They differ from the logarithm of their softmax by one number a row, which no margin sees.
    """
    import numpy as np

    decisions = np.asarray(student.decision_function(features))
    if decisions.ndim == 1:
        decisions = np.column_stack([-decisions, decisions])
    logs = np.full((features.shape[0], labels), np.nan)
    logs[:, student.classes_] = decisions
    return logs
