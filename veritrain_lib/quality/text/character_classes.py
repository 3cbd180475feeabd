"""What characters texts are made of, told for all texts at once.

A pattern that is searched in every text costs some ten microseconds a text; a look at its characters through a table
costs a tenth of that. What a pattern can't match without (a digit, a colon, a long run of letters) is known from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.quality.text.normal_form import FIELD_END

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

LETTER, APOSTROPHE, SPACE, STOP, COLON, FIELD, OTHER, BEYOND = (1 << bit for bit in range(8))
"""Kinds of characters: a letter of ASCII, `'`, the space, one of `,.?!`, `:`, the mark between fields, any other one of
ASCII, and one beyond ASCII."""

STOPS = ",.?!"
CHUNK = 50_000
"""Texts that are looked at together: four bytes a character are held for so many."""


@dataclass(frozen=True)
class Surface:
    """Of n texts: the `kinds` of characters that each holds (their bits), the kind that it `begins` with (0 for an
    empty one), and its `longest` run of characters without a space or an end of a field between them."""

    kinds: np.ndarray
    begins: np.ndarray
    longest: np.ndarray

    def only(self, kinds: int) -> np.ndarray:
        """Whether each text has no character of any other kind."""
        found: np.ndarray = (self.kinds | kinds) == kinds
        return found

    def lacks(self, kinds: int) -> np.ndarray:
        """Whether each text has no character of any of these kinds."""
        found: np.ndarray = (self.kinds & kinds) == 0
        return found


def surface_of(texts: Sequence[str]) -> Surface:
    """The surface of texts."""
    import numpy as np

    table = np.full(129, OTHER, dtype=np.uint8)
    for code in range(128):
        if chr(code).isalpha():
            table[code] = LETTER
    signs = {"'": APOSTROPHE, " ": SPACE, ":": COLON, FIELD_END: FIELD} | dict.fromkeys(STOPS, STOP)
    for sign, kind in signs.items():
        table[ord(sign)] = kind
    table[128] = BEYOND
    parts = [_part(texts[at : at + CHUNK], table) for at in range(0, max(len(texts), 1), CHUNK)]
    return Surface(*(np.concatenate(one) for one in zip(*parts, strict=True)))


def _part(texts: Sequence[str], table: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    import numpy as np

    count = len(texts)
    if not count:
        return np.zeros(0, np.uint8), np.zeros(0, np.uint8), np.zeros(0, np.int64)
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=count)
    # A space behind each text ends its last run. A lone half of a surrogate pair is a character like any other here.
    together = (" ".join(texts) + " ").encode("utf-32-le", "surrogatepass")
    found = table[np.minimum(np.frombuffer(together, dtype=np.uint32), 128)]
    ends = np.cumsum(lengths + 1) - 1
    starts = ends - lengths
    # Every other stretch is a text, those between them the spaces that were put there.
    kinds = np.bitwise_or.reduceat(found, np.column_stack([starts, ends]).ravel())[::2]
    gaps = np.flatnonzero(found & (SPACE | FIELD))
    runs = np.diff(gaps, prepend=-1) - 1
    longest = np.maximum.reduceat(runs, np.searchsorted(gaps, starts))
    return np.where(lengths > 0, kinds, 0), np.where(lengths > 0, found[starts], 0), longest
