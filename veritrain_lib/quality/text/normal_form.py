"""How checks look at text: one normal form, tokens, scripts, and the text of a whole row."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

FIELD_END = "\x1f"
"""Stands between the input fields of a row's text: no user types it (ASCII unit separator)."""

REMEMBERED = 50_000
"""Texts whose normal form is kept: several checks ask for the same one."""

_APOSTROPHE = re.compile(r"(?<=\w)['’‘`´](?=\w)")
_ASCII = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
_NOT_WORD = re.compile(r"[^\w\x1f]+|_")
# Scripts written without spaces: Han, Hiragana, Katakana with their extensions, Thai, Lao, Khmer, Burmese.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def joined(rows: pd.DataFrame, inputs: Sequence[str]) -> list[str]:
    """One text a row: its input fields in order, a null as the empty text."""
    columns = [rows[name].fillna("").astype(str).tolist() for name in inputs]
    return [FIELD_END.join(values) for values in zip(*columns, strict=True)] if columns else [""] * len(rows)


def normal(text: str) -> str:
    """The form in which copies are equal: NFKC, case folded, no punctuation or symbols, single spaces.

    An apostrophe inside a word vanishes (`can't` is `cant`), other punctuation parts words. Text that is only
    symbols keeps its NFKC form, else all of it would be one copy.
    """
    if text.isascii():
        # Most text is: nothing to normalise, and a table does what three patterns do for the rest.
        bare = _APOSTROPHE.sub("", text) if "'" in text or "`" in text else text
        words = " ".join(bare.translate(_ASCII).split())
        if words:
            return words
    return _any_normal(text)


def without_apostrophes(text: str) -> str:
    """The text without the apostrophes inside its words: `can't` as `cant`."""
    return _APOSTROPHE.sub("", text)


@lru_cache(maxsize=REMEMBERED)
def _any_normal(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = " ".join(_NOT_WORD.sub(" ", _APOSTROPHE.sub("", folded)).split())
    return words if words.strip(FIELD_END + " ") else " ".join(folded.split())


def unspaced(text: str) -> bool:
    """Whether a text is mostly in a script without spaces between words (Japanese, Chinese, Thai ...)."""
    dense = len(UNSPACED.findall(text))
    return dense > 0 and 0 < sum(map(str.isalpha, text)) < dense * 2
