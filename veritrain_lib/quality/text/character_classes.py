"""Classes of characters (letters, digits, ...) that texts contain, computed for many texts at once.

Searching a text for a pattern takes some ten microseconds; looking its characters up in a table takes a tenth of that.
So the classes tell which texts can't match a pattern, because they lack a digit, a colon or a long run of letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.quality.text.normal_form import FIELD_END

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

LETTER, APOSTROPHE, SPACE, STOP, COLON, FIELD, OTHER, BEYOND = (1 << bit for bit in range(8))
"""Bits of the character classes.

`LETTER`: an ASCII letter; `APOSTROPHE`: `'`; `SPACE`: the space; `STOP`: one of `,.?!`; `COLON`: `:`; `FIELD`: the
separator of fields; `OTHER`: any other ASCII character; `BEYOND`: a character that is not ASCII.
"""

STOPS = ",.?!"
CHUNK = 50_000
"""Number of texts that are processed together, to limit memory (four bytes a character)."""


@dataclass(frozen=True)
class CharacterClasses:
    """Character classes that occur in n texts, as arrays of shape (n,).

    Attributes:
        kinds: Bits of the classes that occur in each text.
        begins: Class of each text's first character; 0 for an empty text.
        longest: Length of each text's longest run of characters without a space or a field separator.
    """

    kinds: np.ndarray
    begins: np.ndarray
    longest: np.ndarray

    def only(self, kinds: int) -> np.ndarray:
        """Return which texts have only characters of the given classes.

        Args:
            kinds: Bits of the classes.

        Returns:
            Boolean array of shape (n,).
        """
        mask: np.ndarray = (self.kinds | kinds) == kinds
        return mask

    def lacks(self, kinds: int) -> np.ndarray:
        """Return which texts have no character of any of the given classes.

        Args:
            kinds: Bits of the classes.

        Returns:
            Boolean array of shape (n,).
        """
        mask: np.ndarray = (self.kinds & kinds) == 0
        return mask


def character_classes_of(texts: Sequence[str]) -> CharacterClasses:
    """Compute which character classes occur in each of the texts.

    Args:
        texts: The texts.
    """
    import numpy as np

    table = np.full(129, OTHER, dtype=np.uint8)
    for code in range(128):
        if chr(code).isalpha():
            table[code] = LETTER
    punctuation = {"'": APOSTROPHE, " ": SPACE, ":": COLON, FIELD_END: FIELD} | dict.fromkeys(STOPS, STOP)
    for character, kind in punctuation.items():
        table[ord(character)] = kind
    table[128] = BEYOND
    parts = [
        _classes_of_chunk(texts[start : start + CHUNK], table)
        for start in range(0, max(len(texts), 1), CHUNK)
    ]
    return CharacterClasses(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _classes_of_chunk(texts: Sequence[str], table: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    import numpy as np

    count = len(texts)
    if not count:
        return np.zeros(0, np.uint8), np.zeros(0, np.uint8), np.zeros(0, np.int64)
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=count)
    # A space behind each text ends its last run. A lone surrogate is a character like any other here.
    encoded = (" ".join(texts) + " ").encode("utf-32-le", "surrogatepass")
    classes = table[np.minimum(np.frombuffer(encoded, dtype=np.uint32), 128)]
    ends = np.cumsum(lengths + 1) - 1
    starts = ends - lengths
    # Every other slice is a text; those between them are the added spaces.
    kinds = np.bitwise_or.reduceat(classes, np.column_stack([starts, ends]).ravel())[::2]
    gaps = np.flatnonzero(classes & (SPACE | FIELD))
    runs = np.diff(gaps, prepend=-1) - 1
    longest = np.maximum.reduceat(runs, np.searchsorted(gaps, starts))
    return np.where(lengths > 0, kinds, 0), np.where(lengths > 0, classes[starts], 0), longest
