"""Bilingual lexicon, trained on translation pairs: how well a translation matches its source.

It is a ridge regression (A. E. Hoerl, R. W. Kennard 1970, Technometrics 12:55-67) from the character n-grams of one
side to those of the other, in both directions. A row never confirms itself: predictions by a lexicon that was trained
on the row are corrected to leave-one-out in closed form (the PRESS residual; D. M. Allen 1974, Technometrics
16:125-127). Scores are compared with those of the same text paired with other texts, so that long and short, common and
rare texts are judged alike.
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
"""Largest number of character n-grams of each side; normal equations of this size are solved in seconds.

The most frequent n-grams are used.
"""

RIDGE = 3.0
"""Strength of the ridge penalty, added to the diagonal of the normal equations of unit-length rows.

Of the values from 0.3 to 3 that were tried on Tanaka, 3 was the best.
"""

REFERENCES = 256
"""Number of random texts with which each text is paired, to measure how high scores are by chance."""

CHUNK = 4096
"""Number of rows whose predictions are in memory at once: (CHUNK, FEATURES) 32-bit numbers are 65 MB."""

MAXIMUM_LEVERAGE = 0.95
"""Largest leverage (0..1) of a row that is used; larger ones are lowered to it.

A row with a leverage near 1 determines its own prediction, which then has no usable leave-one-out value.
"""


@dataclass(frozen=True)
class DirectionalLexicon:
    """Bilingual lexicon from one language to the other: a regression that predicts n-grams of the translation.

    Attributes:
        weights: Regression weights, shape (n-grams of this side, n-grams of the other side).
        leverage: Leverage (0 to 1) of every row, 0 for rows that the lexicon was not trained on; shape (rows,).
    """

    weights: np.ndarray
    leverage: np.ndarray


def encode(texts: Sequence[str], is_training: np.ndarray) -> Encoded:
    """Return the TF-IDF features of texts' character n-grams, for the bilingual lexicon.

    The n-grams have 1 to 3 characters for scripts without spaces, else 3 to 5 inside words.

    Args:
        texts: The texts.
        is_training: Mask of the texts that define the n-grams, shape (texts,).

    Returns:
        Sparse matrix of unit-length rows, shape (texts, n-grams).
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    from veritrain_lib.quality.text.normal_form import unspaced

    sample = [texts[index] for index in np.flatnonzero(is_training).tolist()]
    is_unspaced = sum(map(unspaced, sample[:1000])) * 2 > min(1000, len(sample))
    analyzer: dict[str, Any] = (
        {"analyzer": "char", "ngram_range": (1, 3)}
        if is_unspaced
        else {"analyzer": "char_wb", "ngram_range": (3, 5)}
    )
    encoder = TfidfVectorizer(
        **analyzer, max_features=FEATURES, min_df=2, sublinear_tf=True, dtype=np.float32
    )
    encoder.fit(sample)
    encoded: Encoded = encoder.transform(texts)
    return encoded


def fit_lexicon(this: Encoded, other: Encoded, is_training: np.ndarray) -> DirectionalLexicon:
    """Train the bilingual lexicon (a ridge regression) from one side of translation pairs to the other.

    Args:
        this: Encoded texts of this side.
        other: Encoded texts of the other side.
        is_training: Mask of the rows to train on, shape (rows,).

    Returns:
        The lexicon, with the leverage of every row.

    Raises:
        RuntimeError: The normal equations can't be solved.
    """
    import numpy as np
    from scipy.linalg import cholesky, lapack

    rows, other_rows = this[is_training], other[is_training]
    normal = (rows.T @ rows).toarray()
    normal[np.diag_indices_from(normal)] += RIDGE
    lower, failed = lapack.spotri(cholesky(normal, lower=True, check_finite=False), lower=1)
    if failed:
        raise RuntimeError(f"the normal equations of {len(normal)} n-grams could not be solved ({failed})")
    inverse = np.tril(lower) + np.tril(lower, -1).T
    leverage = np.zeros(this.shape[0])
    leverage[is_training] = np.concatenate(
        [
            _dot(rows[start : start + CHUNK], rows[start : start + CHUNK] @ inverse)
            for start in range(0, rows.shape[0], CHUNK)
        ]
    )
    return DirectionalLexicon(
        inverse @ (rows.T @ other_rows).toarray(), np.clip(leverage, 0.0, MAXIMUM_LEVERAGE)
    )


def association_scores(
    lexicon: DirectionalLexicon, this: Encoded, other: Encoded, pairs: np.ndarray, references: np.ndarray
) -> np.ndarray:
    """Return how much better the texts of translation pairs match than texts paired by chance.

    Args:
        lexicon: Lexicon from this side to the other.
        this: Encoded texts of this side.
        other: Encoded texts of the other side.
        pairs: Row numbers of a text of this side and one of the other side, shape (pairs, 2).
        references: Row numbers of the reference texts.

    Returns:
        Two scores of each pair, shape (pairs, 2). Both say by how many standard deviations the match of the pair's two
        texts exceeds the mean of chance matches: first those of its text of this side with the reference texts of the
        other side, then those of its text of the other side with the reference texts of this side.
    """
    import numpy as np

    reference_texts = other[references]
    reference_predictions = (this[references] @ lexicon.weights).T
    scores = np.zeros((len(pairs), 2))
    for start in range(0, len(pairs), CHUNK):
        this_rows, other_rows = pairs[start : start + CHUNK].T
        paired, own_translation, leverage = other[other_rows], other[this_rows], lexicon.leverage[this_rows]
        prediction = this[this_rows] @ lexicon.weights
        score = (_dot(paired, prediction) - leverage * _dot(paired, own_translation)) / (1 - leverage)
        chance = (reference_texts @ prediction.T).T - leverage[:, None] * (
            own_translation @ reference_texts.T
        ).toarray()
        scores[start : start + CHUNK, 0] = _standardized(score, chance / (1 - leverage)[:, None])
        scores[start : start + CHUNK, 1] = _standardized(score, paired @ reference_predictions)
    return scores


def _standardized(score: np.ndarray, chance: np.ndarray) -> np.ndarray:
    import numpy as np

    standardized: np.ndarray = (score - chance.mean(axis=1)) / np.maximum(chance.std(axis=1), 1e-6)
    return standardized


def _dot(sparse: Encoded, dense: Any) -> np.ndarray:
    import numpy as np

    return np.asarray(sparse.multiply(dense).sum(axis=1)).ravel()
