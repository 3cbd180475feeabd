"""Prefilter of the check `garbage`: finds texts of ordinary words, which its detectors need not examine.

Garbage shows in single words (keyboard mash, placeholders, encoded data) or in characters that prose lacks (markup,
broken encodings), so each word of the vocabulary is examined once instead of each text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from veritrain_lib.quality.text.character_classes import APOSTROPHE, LETTER, SPACE, STOP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from veritrain_lib.quality.text.character_classes import CharacterClasses
    from veritrain_lib.quality.text.tokens import Tokens

PROSE = re.compile(r"(?:[A-Za-z']++[,.?!]{0,3}+ *+)++")
FEWEST = 3  # words below which a text is never skipped
LONGEST = 15  # letters from which a word may be a blob


def is_clean_text(
    tokens: Tokens, texts: Sequence[str], classes: CharacterClasses, is_suspicious: Callable[[str], bool]
) -> np.ndarray:
    """Return which texts consist only of ordinary words, so that they can't be garbage.

    A clean text has only ASCII words and punctuation of prose, at least three words, of which at least half are
    different, and no word that is suspicious or longer than 15 letters.

    Args:
        tokens: Tokens of the texts.
        texts: The texts.
        classes: Character classes of the texts.
        is_suspicious: Function that returns whether a word is suspicious.

    Returns:
        Boolean array of shape (texts,).
    """
    no_suspicious = ~tokens.contains(lambda word: len(word) > LONGEST or is_suspicious(word))
    enough = (tokens.lengths >= FEWEST) & (2 * _distinct_words(tokens) >= tokens.lengths)
    clean: np.ndarray = no_suspicious & enough & _is_prose(texts, classes)
    return clean


def _is_prose(texts: Sequence[str], classes: CharacterClasses) -> np.ndarray:
    """Return whether the pattern `PROSE` matches each text, shape (texts,).

    A text of letters, apostrophes and spaces that does not begin with a space always matches; a text with a character
    other than these and `,.?!` never does. Only the remaining texts are searched with the pattern.
    """
    import numpy as np

    is_prose: np.ndarray = classes.only(LETTER | APOSTROPHE | SPACE) & (
        (classes.begins & (LETTER | APOSTROPHE)) != 0
    )
    to_match = ~is_prose & classes.only(LETTER | APOSTROPHE | SPACE | STOP)
    for number in np.flatnonzero(to_match).tolist():
        is_prose[number] = PROSE.fullmatch(texts[number]) is not None
    return is_prose


def _distinct_words(tokens: Tokens) -> np.ndarray:
    """Return the number of different words in each text, shape (texts,)."""
    import numpy as np

    if not len(tokens.ids):
        return np.zeros(len(tokens), dtype=np.int64)
    pairs = np.sort(tokens.text_indices().astype(np.int64) * len(tokens.words) + tokens.ids)
    fresh = np.concatenate([[True], pairs[1:] != pairs[:-1]])
    return np.bincount(pairs[fresh] // len(tokens.words), minlength=len(tokens))
