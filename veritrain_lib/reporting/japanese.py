"""HTML language attributes for Japanese text, for the right fonts in browsers and the right voice in screen readers.

Chinese and Japanese share code points that are drawn differently (Unicode, "Han unification"); without the
attribute, the reader's system decides which form is shown. WCAG 2.2, criterion 3.1.2, asks for the language
of parts of a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_KANA = re.compile(r"[\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
_KANA_OR_HAN = re.compile(r"[\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f]")

FONTS = '"Hiragino Sans","Noto Sans CJK JP","Noto Sans JP","Yu Gothic",Meiryo,IPAexGothic,sans-serif'
"""CSS list of fonts with Japanese glyph forms on macOS, Linux, Android and Windows."""


def has_kana(texts: Iterable[str]) -> bool:
    """Return whether any of the texts contains kana, which only Japanese uses."""
    return any(_KANA.search(text) for text in texts)


def language_attribute(text: str, among_japanese: bool = False) -> str:
    """Return the HTML attribute ` lang="ja"` for a text that is mostly Japanese, else an empty text.

    A text is mostly Japanese if at least half of its letters are kana or Han characters.

    Args:
        text: the text.
        among_japanese: whether the text stands among Japanese texts, such as in a table with kana elsewhere.
            Only then does a text of Han characters without kana count as Japanese, because it may be Chinese.
    """
    letters = sum(map(str.isalpha, text))
    characters = len(_KANA_OR_HAN.findall(text))
    if not characters or characters * 2 < letters or not (among_japanese or has_kana([text])):
        return ""
    return ' lang="ja"'
