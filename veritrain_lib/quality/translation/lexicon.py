"""A bilingual lexicon, learnt from pairs of texts: how well a translation answers its source.

Ridge regression (A. E. Hoerl, R. W. Kennard 1970, Technometrics 12:55-67) from the character n-grams of one side to
those of the other, both ways. A row never vouches for itself: what it is given by a lexicon that has seen it is
corrected to leave-one-out in closed form (the PRESS residual; D. M. Allen 1974, Technometrics 16:125-127). Scores are
compared with those of the same text beside other texts, so that long and short, common and rare texts are judged alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from scipy.sparse import csr_matrix

    Encoded = csr_matrix

FEATURES = 4000
"""n-grams of each side, the most frequent ones: a normal equation of this size is solved in seconds."""

RIDGE = 3.0
"""Added to the diagonal of the normal equations of unit-length rows; 0.3 to 3 were tried on Tanaka, the largest won."""

REFERENCES = 256
"""Texts that a text is put beside to see what chance gives."""

CHUNK = 4096
"""Rows whose predictions are held at once: (CHUNK, FEATURES) 32-bit numbers are 65 MB."""

MOST_LEVERAGE = 0.95
"""A row that decides its own prediction by more than this has no leave-one-out value to speak of."""


@dataclass(frozen=True)
class Direction:
    """A lexicon of one direction: `weights` of shape (n-grams of this side, n-grams of the other), and the
    leverage (0 to 1) of every row, 0 for rows that it was not learnt from."""

    weights: np.ndarray
    leverage: np.ndarray


def encode(texts: Sequence[str], learnt_from: np.ndarray) -> Encoded:
    """TF-IDF of character n-grams, unit length, shape (texts, n-grams).

    1 to 3 characters for scripts without spaces, else 3 to 5 inside words; the n-grams are those of the rows in the
    mask `learnt_from`.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    from veritrain_lib.quality.text.normal_form import unspaced

    sample = [texts[at] for at in np.flatnonzero(learnt_from).tolist()]
    dense = sum(map(unspaced, sample[:1000])) * 2 > min(1000, len(sample))
    shape: dict[str, Any] = (
        {"analyzer": "char", "ngram_range": (1, 3)}
        if dense
        else {"analyzer": "char_wb", "ngram_range": (3, 5)}
    )
    encoder = TfidfVectorizer(**shape, max_features=FEATURES, min_df=2, sublinear_tf=True, dtype=np.float32)
    encoder.fit(sample)
    encoded: Encoded = encoder.transform(texts)
    return encoded


def learn(this: Encoded, other: Encoded, learnt_from: np.ndarray) -> Direction:
    """Ridge regression from one side to the other on the rows of the mask."""
    import numpy as np
    from scipy.linalg import cholesky, lapack

    rows, answers = this[learnt_from], other[learnt_from]
    normal = (rows.T @ rows).toarray()
    normal[np.diag_indices_from(normal)] += RIDGE
    lower, failed = lapack.spotri(cholesky(normal, lower=True, check_finite=False), lower=1)
    if failed:
        raise RuntimeError(f"the normal equations of {len(normal)} n-grams could not be solved ({failed})")
    inverse = np.tril(lower) + np.tril(lower, -1).T
    leverage = np.zeros(this.shape[0])
    leverage[learnt_from] = np.concatenate(
        [
            _dot(rows[at : at + CHUNK], rows[at : at + CHUNK] @ inverse)
            for at in range(0, rows.shape[0], CHUNK)
        ]
    )
    return Direction(inverse @ (rows.T @ answers).toarray(), np.clip(leverage, 0.0, MOST_LEVERAGE))


def strengths(
    one: Direction, this: Encoded, other: Encoded, pairs: np.ndarray, references: np.ndarray
) -> np.ndarray:
    """How much better the texts of pairs go together than chance would have it: shape (pairs, 2).

    `pairs`, of shape (pairs, 2), are numbers of rows: a text of `this` side and one of the `other`. In standard
    deviations above the mean of this text beside the other texts of the `references` (numbers of rows), and of the
    other text beside what the references' texts of this side make one expect.
    """
    import numpy as np

    beside = other[references]
    anchors = (this[references] @ one.weights).T
    found = np.zeros((len(pairs), 2))
    for start in range(0, len(pairs), CHUNK):
        mine, theirs = pairs[start : start + CHUNK].T
        mates, own, lever = other[theirs], other[mine], one.leverage[mine]
        expected = this[mine] @ one.weights
        score = (_dot(mates, expected) - lever * _dot(mates, own)) / (1 - lever)
        chance = (beside @ expected.T).T - lever[:, None] * (own @ beside.T).toarray()
        found[start : start + CHUNK, 0] = _above(score, chance / (1 - lever)[:, None])
        found[start : start + CHUNK, 1] = _above(score, mates @ anchors)
    return found


def _above(score: np.ndarray, chance: np.ndarray) -> np.ndarray:
    import numpy as np

    above: np.ndarray = (score - chance.mean(axis=1)) / np.maximum(chance.std(axis=1), 1e-6)
    return above


def _dot(sparse: Encoded, dense: Any) -> np.ndarray:
    import numpy as np

    return np.asarray(sparse.multiply(dense).sum(axis=1)).ravel()
