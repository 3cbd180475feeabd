"""Gate check for rows that are not messages: keyboard mash, symbols, residue of templates and encodings, binary data.

Each detector works on characters and needs no dictionary, so it works for any language; detectors that rely on spaces
or on letter case do not apply to scripts without them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.quality.prepared_texts import character_classes_in, tokens_in
from veritrain_lib.quality.text.clean_text_prefilter import is_clean_text
from veritrain_lib.quality.text.keyboard_mash import keyboard_mash, placeholder, repeated
from veritrain_lib.quality.text.markup_residue import blob, markup_residue, mojibake
from veritrain_lib.quality.text.normal_form import joined
from veritrain_lib.quality.text.rare_ngrams import known_trigram_shares
from veritrain_lib.quality.text.text_fields import text_groups

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context

NULL_WORDS = frozenset(["none", "nan", "null", "nil", "undefined", "void"])
MINIMUM_LETTERS = 2
LONGER_WORD = re.compile(r"[^\W\d_]{4,}|[^\W\d_\x00-\u02ff]{2,}")


def check(
    rows: pd.DataFrame, context: Context, *, familiar: Annotated[float, Field(ge=0, le=1)] = 0.45
) -> pd.Series[str]:
    """Flag rows whose text is not a message.

    Reason: `garbage:<kind>` of the input fields or of a free-text target. The kinds, of which the first that applies is
    the reason: markup_residue, mojibake (wrongly decoded characters), blob (encoded binary data), no_words, repeated,
    placeholder, keyboard_mash, rare_trigrams. Rows without any visible character get no reason here; the check `empty`
    flags them.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        familiar: Share (0 to 1) of a row's letter trigrams that must occur in accepted or development rows or in two
            other rows; with less the reason is rare_trigrams. 0 turns this detector off.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.
    """
    import numpy as np
    import pandas as pd

    reasons = np.full(len(rows), "", dtype=object)
    for names in text_groups(rows, context.task):
        texts, tokens = joined(rows, names), tokens_in(rows, names)
        clean = is_clean_text(tokens, texts, character_classes_in(rows, names), _may_be_garbage)
        for number in np.flatnonzero(~clean).tolist():
            if not reasons[number] and (kind := kind_of(texts[number])):
                reasons[number] = f"garbage:{kind}"
        reference_texts = [
            text
            for frame in (context.accepted_rows, context.development)
            if len(frame)
            for text in joined(frame, names)
        ]
        has_rare_ngrams = known_trigram_shares(tokens, reference_texts) < familiar
        reasons[has_rare_ngrams & (reasons == "")] = "garbage:rare_trigrams"  # nan compares as False
    return pd.Series(reasons, index=rows.index, dtype=object)


def _may_be_garbage(word: str) -> bool:
    """Return whether a word could make any of the detectors of garbage flag a text that contains it."""
    return word in NULL_WORDS or kind_of(word) not in ("", "no_words") or keyboard_mash(f"{word} {word}")


def kind_of(text: str) -> str:
    """Return the kind of garbage that a text is, judged without other texts.

    Args:
        text: The text.

    Returns:
        Name of the first detector that applies, such as `mojibake`; "" if the text is no garbage.
    """
    if not text.strip("\x1f \t\r\n"):
        return ""
    for detector in (markup_residue, mojibake, blob, no_words, repeated, placeholder, keyboard_mash):
        if detector(text):
            return detector.__name__
    return ""


def no_words(text: str) -> bool:
    """Return whether a text has hardly any words, for the check `garbage`.

    Args:
        text: The text.

    Returns:
        True if the text has fewer than two letters; or if it has more signs than letters and digits together, and no
        run of four letters (two in scripts other than Latin).
    """
    longer_word = LONGER_WORD.search(text) is not None
    if longer_word and text.isascii():  # then most of it is letters
        return False
    letters = sum(character.isalpha() for character in text)
    signs = sum(not character.isalnum() and not character.isspace() for character in text)
    digits = sum(character.isdigit() for character in text)
    return letters < MINIMUM_LETTERS or (signs > letters + digits and not longer_word)
