"""Cache of the n-gram counts of texts, which speeds up repeated training on overlapping rows.

Label checks and row selection train many student models on nearly the same rows. The n-gram counts of a text
do not depend on the other texts; only the vocabulary and the TF-IDF weights do.
"""

from __future__ import annotations

from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np


class NgramCounts:
    """Cache of the n-gram counts of texts, for vectorizers that share one analyzer and one n-gram range."""

    def __init__(self) -> None:
        self._term_ids: dict[str, int] = {}
        self._texts: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._sorted: list[str] = []
        self._ranks: np.ndarray | None = None

    def fit_transform(self, vectorizer: Any, texts: Sequence[str]) -> Any:
        """Fit a `TfidfVectorizer` with the cached counts, with bit-identical results to its own `fit_transform`.

        Args:
            vectorizer: the vectorizer, which is fitted in place. Its parameters `min_df`, `max_df`,
                `max_features`, `vocabulary`, `binary` and `use_idf` must have their default values.
            texts: the texts to fit on.

        Returns:
            A sparse matrix of shape (texts, terms).

        Raises:
            ValueError: the texts contain no term.
        """
        import numpy as np
        from scipy.sparse import csr_array
        from sklearn.feature_extraction.text import TfidfTransformer

        analyze = vectorizer.build_analyzer()
        counted = [self._counts_of(text, analyze) for text in texts]
        ranks = self._sorted_ranks()[np.concatenate([term_ids for term_ids, _ in counted])]
        if not len(ranks):
            raise ValueError("empty vocabulary; perhaps the documents only contain stop words")
        used = np.zeros(len(self._sorted), dtype=bool)
        used[ranks] = True
        columns = (np.cumsum(used, dtype=np.int32) - 1)[ranks]
        # The order within a row determines how sums over it are rounded. scikit-learn numbers the terms in order of
        # first occurrence, sorts each row by those numbers, and renumbers alphabetically without sorting again.
        occurrence_columns, column_of = _by_first_occurrence(columns, int(used.sum()))
        starts = np.cumsum([0, *(len(term_ids) for term_ids, _ in counted)], dtype=np.int32)
        values = np.concatenate([counts for _, counts in counted])
        shape = (len(counted), len(column_of))
        unsorted = csr_array((values, occurrence_columns, starts), shape=shape, dtype=vectorizer.dtype)
        unsorted.sort_indices()
        matrix = csr_array((unsorted.data, column_of[unsorted.indices], unsorted.indptr), shape=shape)
        vectorizer.vocabulary_ = {term: column for column, term in enumerate(compress(self._sorted, used))}
        vectorizer.fixed_vocabulary_ = False
        weights = TfidfTransformer(
            norm=vectorizer.norm, smooth_idf=vectorizer.smooth_idf, sublinear_tf=vectorizer.sublinear_tf
        ).fit(matrix)
        vectorizer.idf_ = weights.idf_
        return weights.transform(matrix, copy=False)

    def _counts_of(self, text: str, analyze: Callable[[str], list[str]]) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of a text's terms in order of first occurrence, and the count of each term."""
        import numpy as np

        cached = self._texts.get(text)
        if cached is None:
            counts, term_ids = Counter(analyze(text)), self._term_ids
            n_known = len(term_ids)
            terms = np.array([term_ids.setdefault(term, len(term_ids)) for term in counts], dtype=np.int32)
            cached = self._texts[text] = terms, np.array(list(counts.values()), dtype=np.int32)
            if len(term_ids) > n_known:
                self._ranks = None
        return cached

    def _sorted_ranks(self) -> np.ndarray:
        """Return an array with the rank of each term id among all terms in alphabetical order."""
        import numpy as np

        if self._ranks is None:
            self._sorted = sorted(self._term_ids)
            term_ids = np.array([self._term_ids[term] for term in self._sorted], dtype=np.int32)
            self._ranks = np.empty(len(term_ids), dtype=np.int32)
            self._ranks[term_ids] = np.arange(len(term_ids), dtype=np.int32)
        return self._ranks


def _by_first_occurrence(columns: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Renumber columns by their first occurrence.

    Args:
        columns: column of each entry.
        width: number of columns; each occurs at least once.

    Returns:
        The new number of each entry's column, and the old column of each new number.
    """
    import numpy as np

    first = np.empty(width, dtype=np.int64)
    # Assigned from the end, so that the first occurrence wins.
    first[columns[::-1]] = np.arange(len(columns) - 1, -1, -1)
    column_of = np.argsort(first).astype(np.int32)
    number = np.empty(width, dtype=np.int32)
    number[column_of] = np.arange(width, dtype=np.int32)
    return number[columns], column_of
