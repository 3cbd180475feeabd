"""Word pairs that stand in no other text: what an edit leaves behind, and a person's own wording seldom."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

FIRST, SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB  # odd numbers of splitmix64
MASK = 2**64 - 1
ENDS = 0x9E3779B97F4A7C15  # the number of the mark before and behind a text


class WordPairs:
    """All pairs of neighbouring words of many texts, the ends of a text counted as words.

    `keys` holds a number for each word of all texts one after the other, text k from `starts[k]` on.
    """

    def __init__(self, keys: np.ndarray, starts: np.ndarray) -> None:
        import numpy as np

        count = len(starts) - 1
        padded = np.full(len(keys) + 2 * count, np.uint64(ENDS))
        padded[np.arange(len(keys)) + 2 * np.repeat(np.arange(count), np.diff(starts)) + 1] = keys
        # The end of a text and the beginning of the next are a pair too: of no word, so it is never asked for.
        self._pairs = np.sort(padded[:-1] * np.uint64(FIRST) + padded[1:] * np.uint64(SECOND))

    def new_in(self, one: list[int], other: list[int]) -> int:
        """How many pairs one of two texts (the numbers of their words) has that stand in no other text at all."""
        import numpy as np

        left, right = _pairs_of(one), _pairs_of(other)
        asked = np.array(sorted(left ^ right), dtype=np.uint64)
        shown = np.searchsorted(self._pairs, asked, "right") - np.searchsorted(self._pairs, asked, "left")
        return int((shown <= 1).sum())


def _pairs_of(words: list[int]) -> set[int]:
    marked = [ENDS, *words, ENDS]
    return {(a * FIRST + b * SECOND) & MASK for a, b in itertools.pairwise(marked)}
