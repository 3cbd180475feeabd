"""Marks Japanese on a page, so that browsers take a Japanese typeface and screen readers a Japanese voice.

Chinese and Japanese share code points that are drawn differently (Unicode, "Han unification"): a page in English
leaves the choice to the reader's system. WCAG 2.2, criterion 3.1.2, asks for the language of parts anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_KANA = re.compile(r"[\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
_DENSE = re.compile(r"[\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f]")

FONTS = '"Hiragino Sans","Noto Sans CJK JP","Noto Sans JP","Yu Gothic",Meiryo,IPAexGothic,sans-serif'
"""Typefaces that draw Japanese as Japan does, of macOS, Linux, Android and Windows."""


def has_kana(texts: Iterable[str]) -> bool:
    """Whether any text holds a letter that only Japanese has."""
    return any(_KANA.search(text) for text in texts)


def language_attribute(text: str, among_japanese: bool = False) -> str:
    """` lang="ja"` for a text that is mostly Japanese, else nothing.

    Mostly: at least half of its letters are Kana or Han. Han alone may be Chinese: it counts when the text stands
    `among_japanese`, such as in a table with Kana elsewhere.
    """
    letters = sum(map(str.isalpha, text))
    dense = len(_DENSE.findall(text))
    if not dense or dense * 2 < letters or not (among_japanese or has_kana([text])):
        return ""
    return ' lang="ja"'
