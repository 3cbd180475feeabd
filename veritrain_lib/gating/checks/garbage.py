"""Rows that are no message: mashed keys, symbols, debris of templates and encodings, blobs.

Each finder looks at the text as characters and needs no dictionary, so it holds for any language; text in a
script without spaces or without upper and lower case only meets the finders that fit it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from veritrain_lib.gating.debris import blob, debris, mojibake
from veritrain_lib.gating.mashing import mashed, placeholder, repeated
from veritrain_lib.gating.texts import joined

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.gating.context import Context

MINIMUM_LETTERS = 2
LONGER_WORD = re.compile(r"[^\W\d_]{4,}|[^\W\d_\x00-\u02ff]{2,}")
FINDERS = (debris, mojibake, blob, repeated, placeholder, mashed)


def check(rows: pd.DataFrame, context: Context) -> pd.Series[str]:
    """`garbage:<kind>`, the first that fits of: debris, mojibake, blob, no_words, repeated, placeholder, mashed.

    Rows without any visible character are left to `empty`.
    """
    import pandas as pd

    texts = joined(rows, list(context.task.inputs))
    return pd.Series([_reason(text) for text in texts], index=rows.index, dtype=object)


def _no_words(text: str) -> bool:
    letters = sum(character.isalpha() for character in text)
    signs = sum(not character.isalnum() and not character.isspace() for character in text)
    return letters < MINIMUM_LETTERS or (signs > letters and LONGER_WORD.search(text) is None)


def _reason(text: str) -> str:
    if not text.strip("\x1f \t\r\n"):
        return ""
    for finder in FINDERS[:3]:
        if finder(text):
            return f"garbage:{finder.__name__}"
    if _no_words(text):
        return "garbage:no_words"
    for finder in FINDERS[3:]:
        if finder(text):
            return f"garbage:{finder.__name__}"
    return ""
