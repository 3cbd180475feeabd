"""Normal form of texts, in which copies are equal; also the joined text of a row, and scripts without spaces."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

FIELD_END = "\x1f"
"""Separator of the input fields in a row's joined text: the ASCII unit separator, which no user types."""

CACHED_TEXTS = 50_000
"""Number of texts whose normal form is cached, since several checks need the same one."""

_APOSTROPHE = re.compile(r"(?<=\w)['’‘`´](?=\w)")
_ASCII = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
_NOT_WORD = re.compile(r"[^\w\x1f]+|_")
# Scripts written without spaces: Han, Hiragana, Katakana with their extensions, Thai, Lao, Khmer, Burmese.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def joined(rows: pd.DataFrame, inputs: Sequence[str]) -> list[str]:
    """Return the input fields of each row, joined into one text by the separator `FIELD_END` (U+001F).

    Args:
        rows: The rows.
        inputs: Names of the fields, in order.

    Returns:
        One text a row; a null counts as the empty text.
    """
    columns = [rows[name].fillna("").astype(str).tolist() for name in inputs]
    return [FIELD_END.join(values) for values in zip(*columns, strict=True)] if columns else [""] * len(rows)


def normal(text: str) -> str:
    """Return the normal form of a text, which is equal for copies that differ in case, spacing or punctuation.

    It is in Unicode form NFKC, case folded, without punctuation or symbols, with single spaces. An apostrophe inside a
    word is removed (`can't` is `cant`), other punctuation separates words. A text that consists only of symbols keeps
    its NFKC form, because the normal form of all such texts would otherwise be equal.

    Args:
        text: The text.
    """
    if text.isascii():
        # Most text is ASCII: it needs no normalisation, and a table replaces the three patterns used for the rest.
        bare = _APOSTROPHE.sub("", text) if "'" in text or "`" in text else text
        words = " ".join(bare.translate(_ASCII).split())
        if words:
            return words
    return _unicode_normal(text)


def without_apostrophes(text: str) -> str:
    """Return a text without the apostrophes inside its words: `can't` becomes `cant`.

    Args:
        text: The text.
    """
    return _APOSTROPHE.sub("", text)


@lru_cache(maxsize=CACHED_TEXTS)
def _unicode_normal(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = " ".join(_NOT_WORD.sub(" ", _APOSTROPHE.sub("", folded)).split())
    return words if words.strip(FIELD_END + " ") else " ".join(folded.split())


def unspaced(text: str) -> bool:
    """Return whether more than half of a text's letters are of a script without spaces between words, such as Thai.

    Args:
        text: The text.
    """
    unspaced_letters = len(UNSPACED.findall(text))
    return unspaced_letters > 0 and 0 < sum(map(str.isalpha, text)) < unspaced_letters * 2
