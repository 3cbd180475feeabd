"""Rows that are no message: mashed keys, symbols, debris of templates and encodings, blobs.

Each finder looks at the text as characters and needs no dictionary, so it holds for any language; text in a
script without spaces or without upper and lower case only meets the finders that fit it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.gating.debris import blob, debris, mojibake
from veritrain_lib.gating.mashing import mashed, placeholder, repeated
from veritrain_lib.gating.strange import Strangeness
from veritrain_lib.gating.texts import joined

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.gating.context import Context

MINIMUM_LETTERS = 2
LONGER_WORD = re.compile(r"[^\W\d_]{4,}|[^\W\d_\x00-\u02ff]{2,}")


def check(
    rows: pd.DataFrame, context: Context, *, familiar: Annotated[float, Field(ge=0, le=1)] = 0.45
) -> pd.Series[str]:
    """`garbage:<kind>`, the first that fits of: debris, mojibake, blob, no_words, repeated, placeholder, mashed,
    strange.

    A row is strange when at most `familiar` (0 to 1) of its letter trigrams stand in trusted or development
    rows or in two other rows; 0 turns that off. Rows without any visible character are left to `empty`.
    """
    import pandas as pd

    inputs = list(context.task.inputs)
    texts = joined(rows, inputs)
    known = [
        text for one in (context.trusted, context.development) if len(one) for text in joined(one, inputs)
    ]
    strangeness = Strangeness(texts, known)
    reasons = []
    for text in texts:
        kind = kind_of(text)
        if not kind:
            share = strangeness.familiar(text)
            kind = "strange" if share is not None and share < familiar else ""
        reasons.append(f"garbage:{kind}" if kind else "")
    return pd.Series(reasons, index=rows.index, dtype=object)


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
    letters = sum(character.isalpha() for character in text)
    signs = sum(not character.isalnum() and not character.isspace() for character in text)
    digits = sum(character.isdigit() for character in text)
    return letters < MINIMUM_LETTERS or (signs > letters + digits and LONGER_WORD.search(text) is None)
