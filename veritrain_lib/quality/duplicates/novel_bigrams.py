"""Word bigrams that occur in no other text, as evidence that two similar texts are copies.

An edit of a copied text leaves such bigrams behind; a person's original wording seldom has them.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

FIRST, SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB  # odd numbers of splitmix64
MASK = 2**64 - 1
TEXT_END = 0x9E3779B97F4A7C15  # the number of the marker before and behind a text


class BigramIndex:
    """Index of all word bigrams of many texts; the beginning and the end of a text count as words.

    Args:
        keys: A 64-bit number for each word of all texts, one text after the other.
        starts: Position in `keys` at which each text begins, and the length of `keys`; shape (texts + 1,).
    """

    def __init__(self, keys: np.ndarray, starts: np.ndarray) -> None:
        import numpy as np

        count = len(starts) - 1
        padded = np.full(len(keys) + 2 * count, np.uint64(TEXT_END))
        padded[np.arange(len(keys)) + 2 * np.repeat(np.arange(count), np.diff(starts)) + 1] = keys
        # The end of a text and the beginning of the next are a bigram too, but one without words that is never queried.
        self._bigrams = np.sort(padded[:-1] * np.uint64(FIRST) + padded[1:] * np.uint64(SECOND))

    def count_novel(self, one: list[int], other: list[int]) -> int:
        """Count the bigrams that only one of two texts has and that occur in no other text of the index.

        Args:
            one: Numbers of the words of the first text.
            other: Numbers of the words of the second text.

        Returns:
            The number of bigrams.
        """
        import numpy as np

        left, right = _bigrams_of(one), _bigrams_of(other)
        queried = np.array(sorted(left ^ right), dtype=np.uint64)
        occurrences = np.searchsorted(self._bigrams, queried, "right") - np.searchsorted(
            self._bigrams, queried, "left"
        )
        return int((occurrences <= 1).sum())


def _bigrams_of(words: list[int]) -> set[int]:
    padded = [TEXT_END, *words, TEXT_END]
    return {(a * FIRST + b * SECOND) & MASK for a, b in itertools.pairwise(padded)}
