"""Rows that are no message: mashed keys, symbols, debris of templates and encodings, blobs.

Each finder looks at the text as characters and needs no dictionary, so it holds for any language; text in a
script without spaces or without upper and lower case only meets the finders that fit it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.quality.prepared_texts import surface_in, tokens_in
from veritrain_lib.quality.text.clean_text_prefilter import plainly_words
from veritrain_lib.quality.text.keyboard_mash import mashed, placeholder, repeated
from veritrain_lib.quality.text.markup_residue import blob, debris, mojibake
from veritrain_lib.quality.text.normal_form import joined
from veritrain_lib.quality.text.rare_ngrams import familiar_shares
from veritrain_lib.quality.text.text_fields import text_groups

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context

NOTHINGS = frozenset(["none", "nan", "null", "nil", "undefined", "void"])
MINIMUM_LETTERS = 2
LONGER_WORD = re.compile(r"[^\W\d_]{4,}|[^\W\d_\x00-\u02ff]{2,}")


def check(
    rows: pd.DataFrame, context: Context, *, familiar: Annotated[float, Field(ge=0, le=1)] = 0.45
) -> pd.Series[str]:
    """`garbage:<kind>` of the input fields or of a target of text, the first that fits of: debris, mojibake, blob,
    no_words, repeated, placeholder, mashed, strange.

    A row is strange when at most `familiar` (0 to 1) of its letter trigrams stand in trusted or development
    rows or in two other rows; 0 turns that off. Rows without any visible character are left to `empty`.
    """
    import numpy as np
    import pandas as pd

    reasons = np.full(len(rows), "", dtype=object)
    for names in text_groups(rows, context.task):
        texts, tokens = joined(rows, names), tokens_in(rows, names)
        plain = plainly_words(tokens, texts, surface_in(rows, names), _odd)
        for number in np.flatnonzero(~plain).tolist():
            if not reasons[number] and (kind := kind_of(texts[number])):
                reasons[number] = f"garbage:{kind}"
        known = [
            text for one in (context.trusted, context.development) if len(one) for text in joined(one, names)
        ]
        strange = familiar_shares(tokens, known) < familiar
        reasons[strange & (reasons == "")] = "garbage:strange"  # nan is not below
    return pd.Series(reasons, index=rows.index, dtype=object)


def _odd(word: str) -> bool:
    """Whether any finder may have something to say of a text because of this word."""
    return word in NOTHINGS or kind_of(word) not in ("", "no_words") or mashed(f"{word} {word}")


def kind_of(text: str) -> str:
    """The kind of garbage that a text is by itself, "" for none."""
    if not text.strip("\x1f \t\r\n"):
        return ""
    for finder in (debris, mojibake, blob, no_words, repeated, placeholder, mashed):
        if finder(text):
            return finder.__name__
    return ""


def no_words(text: str) -> bool:
    """Hardly a letter, or more signs than letters and digits without one longer word."""
    longer_word = LONGER_WORD.search(text) is not None
    if longer_word and text.isascii():  # then it is of letters
        return False
    letters = sum(character.isalpha() for character in text)
    signs = sum(not character.isalnum() and not character.isspace() for character in text)
    digits = sum(character.isdigit() for character in text)
    return letters < MINIMUM_LETTERS or (signs > letters + digits and not longer_word)
