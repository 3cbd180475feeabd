"""Language attributes for Japanese text, so that browsers use a Japanese font and screen readers a Japanese voice.

Chinese and Japanese share code points that are drawn differently (Unicode, "Han unification"): a page in English
leaves the choice to the reader's system. WCAG 2.2, criterion 3.1.2, asks for the language of parts anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_KANA = re.compile(r"[\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
_KANA_OR_HAN = re.compile(r"[\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f]")

FONTS = '"Hiragino Sans","Noto Sans CJK JP","Noto Sans JP","Yu Gothic",Meiryo,IPAexGothic,sans-serif'
"""Fonts with Japanese glyph forms on macOS, Linux, Android and Windows."""


def has_kana(texts: Iterable[str]) -> bool:
    """Return whether any text contains kana, which only Japanese uses."""
    return any(_KANA.search(text) for text in texts)


def language_attribute(text: str, among_japanese: bool = False) -> str:
    """Return the attribute ` lang="ja"` for a text that is mostly Japanese, else an empty string.

    A text is mostly Japanese if at least half of its letters are kana or Han characters.

    Args:
        text: the text.
        among_japanese: whether the text occurs together with Japanese, such as in a table with kana elsewhere; only
            then do Han characters without kana count as Japanese, since they may be Chinese.
    """
    letters = sum(map(str.isalpha, text))
    characters = len(_KANA_OR_HAN.findall(text))
    if not characters or characters * 2 < letters or not (among_japanese or has_kana([text])):
        return ""
    return ' lang="ja"'
