"""Texts that are plainly made of words, told from their words: finders of garbage need not look at them.

What garbage is made of is a property of words (mashed keys, placeholders, blobs) or of characters that prose
has not (markup, broken encodings), so each word of the vocabulary is looked at once instead of each text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from veritrain_lib.quality.text.character_classes import APOSTROPHE, LETTER, SPACE, STOP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from veritrain_lib.quality.text.character_classes import Surface
    from veritrain_lib.quality.text.tokens import Tokens

PROSE = re.compile(r"(?:[A-Za-z']++[,.?!]{0,3}+ *+)++")
FEWEST = 3  # words below which a text is looked at as a whole
LONGEST = 15  # letters from which a word may be a blob


def plainly_words(
    tokens: Tokens, texts: Sequence[str], surface: Surface, odd: Callable[[str], bool]
) -> np.ndarray:
    """Whether each text is ASCII words and the signs of prose only, has at least `FEWEST` words, half of them
    different or more, and none that is `odd` or longer than `LONGEST` letters."""
    no_odd = ~tokens.holding(lambda word: len(word) > LONGEST or odd(word))
    enough = (tokens.lengths >= FEWEST) & (2 * _different(tokens) >= tokens.lengths)
    plain: np.ndarray = no_odd & enough & _prose(texts, surface)
    return plain


def _prose(texts: Sequence[str], surface: Surface) -> np.ndarray:
    """Whether `PROSE` matches each text. Letters, apostrophes and spaces that no space begins are prose, and with
    another character than these and the stops none is: only the others meet the pattern."""
    import numpy as np

    bare: np.ndarray = surface.only(LETTER | APOSTROPHE | SPACE) & (
        (surface.begins & (LETTER | APOSTROPHE)) != 0
    )
    doubtful = ~bare & surface.only(LETTER | APOSTROPHE | SPACE | STOP)
    for number in np.flatnonzero(doubtful).tolist():
        bare[number] = PROSE.fullmatch(texts[number]) is not None
    return bare


def _different(tokens: Tokens) -> np.ndarray:
    """Different words of each text."""
    import numpy as np

    if not len(tokens.ids):
        return np.zeros(len(tokens), dtype=np.int64)
    pairs = np.sort(tokens.owners().astype(np.int64) * len(tokens.words) + tokens.ids)
    fresh = np.concatenate([[True], pairs[1:] != pairs[:-1]])
    return np.bincount(pairs[fresh] // len(tokens.words), minlength=len(tokens))
