"""N-gram counts of texts, taken once a text: fits on overlapping rows need not read them again.

Label checks and refits between batches train many students on nearly the same rows. What a vectorizer makes
of a text does not depend on the others, only the vocabulary and the weights do.
"""

from __future__ import annotations

from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np


class Counts:
    """The counts of every text seen so far, for vectorizers of one kind (analyzer and n-gram range)."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._texts: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._sorted: list[str] = []
        self._places: np.ndarray | None = None

    def fit_transform(self, vectorizer: Any, texts: Sequence[str]) -> Any:
        """What `vectorizer.fit_transform(texts)` gives and leaves in a `TfidfVectorizer`, bit for bit.

        Gives a sparse matrix of shape (texts, terms). The vectorizer must put no limit on its vocabulary
        (`min_df`, `max_df`, `max_features`, `vocabulary`, `binary`: the defaults).

        Raises ValueError when the texts hold no term.
        """
        import numpy as np
        from scipy.sparse import csr_array
        from sklearn.feature_extraction.text import TfidfTransformer

        analyze = vectorizer.build_analyzer()
        counted = [self._of(text, analyze) for text in texts]
        places = self._sorted_places()[np.concatenate([numbers for numbers, _ in counted])]
        if not len(places):
            raise ValueError("empty vocabulary; perhaps the documents only contain stop words")
        used = np.zeros(len(self._sorted), dtype=bool)
        used[places] = True
        columns = (np.cumsum(used, dtype=np.int32) - 1)[places]
        # The order within a row decides how the sums over it are rounded. scikit-learn numbers the terms as
        # it meets them, sorts each row by those numbers, and renumbers by the alphabet without sorting again.
        met, column_of = _as_met(columns, int(used.sum()))
        starts = np.cumsum([0, *(len(numbers) for numbers, _ in counted)], dtype=np.int32)
        values = np.concatenate([counts for _, counts in counted])
        shape = (len(counted), len(column_of))
        as_met = csr_array((values, met, starts), shape=shape, dtype=vectorizer.dtype)
        as_met.sort_indices()
        matrix = csr_array((as_met.data, column_of[as_met.indices], as_met.indptr), shape=shape)
        vectorizer.vocabulary_ = {term: at for at, term in enumerate(compress(self._sorted, used))}
        vectorizer.fixed_vocabulary_ = False
        vectorizer._tfidf = TfidfTransformer(
            norm=vectorizer.norm,
            use_idf=vectorizer.use_idf,
            smooth_idf=vectorizer.smooth_idf,
            sublinear_tf=vectorizer.sublinear_tf,
        ).fit(matrix)
        return vectorizer._tfidf.transform(matrix, copy=False)

    def _of(self, text: str, analyze: Callable[[str], list[str]]) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of a text's terms in the order in which they stand in it, and how often each does."""
        import numpy as np

        found = self._texts.get(text)
        if found is None:
            counts, numbers = Counter(analyze(text)), self._numbers
            known = len(numbers)
            terms = np.array([numbers.setdefault(term, len(numbers)) for term in counts], dtype=np.int32)
            found = self._texts[text] = terms, np.array(list(counts.values()), dtype=np.int32)
            if len(numbers) > known:
                self._places = None
        return found

    def _sorted_places(self) -> np.ndarray:
        """For the number of each term, its place among all terms sorted."""
        import numpy as np

        if self._places is None:
            self._sorted = sorted(self._numbers)
            numbers = np.array([self._numbers[term] for term in self._sorted], dtype=np.int32)
            self._places = np.empty(len(numbers), dtype=np.int32)
            self._places[numbers] = np.arange(len(numbers), dtype=np.int32)
        return self._places


def _as_met(columns: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Each entry's column numbered in the order in which columns first occur; and those columns in that order."""
    import numpy as np

    first = np.empty(width, dtype=np.int64)
    # Written from the end, so that the first occurrence is the one that stays.
    first[columns[::-1]] = np.arange(len(columns) - 1, -1, -1)
    column_of = np.argsort(first).astype(np.int32)
    number = np.empty(width, dtype=np.int32)
    number[column_of] = np.arange(width, dtype=np.int32)
    return number[columns], column_of
