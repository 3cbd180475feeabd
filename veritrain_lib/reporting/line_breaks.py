"""Line breaking of Japanese text in PDF reports; browsers apply these rules themselves.

A line may break between any two characters, with these exceptions: it must not begin with a closing bracket,
a full stop, a comma, or a small or long kana; it must not end with an opening bracket; numbers and Latin
words are not broken (W3C, "Requirements for Japanese Text Layout", 3.1.7 to 3.1.10; JIS X 4051).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpdf.line_break import Fragment

ZERO_WIDTH_SPACE = "\u200b"
"""Invisible character at which a line may be broken."""

_NOT_FIRST = re.escape("、。，．・：；？！…‥ー〜～）」』】〉》〕｝”’々ゝゞヽヾ%％°℃)]},.!?:;")
_SMALL = "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶｧ-ｯﾞﾟｰ"
_NOT_LAST = re.escape("（「『【〈《〔｛“‘([{¥￥$＄")
_UNSPACED = "\u3001-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff9f"
_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")
_BETWEEN = re.compile(
    f"(?<=[^\\s{ZERO_WIDTH_SPACE}{_NOT_LAST}])(?=[^\\s{ZERO_WIDTH_SPACE}{_NOT_FIRST}{_SMALL}])(?:(?<=[{_UNSPACED}])|(?=[{_UNSPACED}]))"
)


def with_line_breaks(text: str) -> str:
    """Return a text with a `ZERO_WIDTH_SPACE` wherever Japanese text may be broken into lines.

    Applying the function to its own result changes nothing.
    """
    return _BETWEEN.sub(ZERO_WIDTH_SPACE, text) if _UNSPACED_CHARACTER.search(text) else text


def remove_break_marks(fragments: Sequence[Fragment]) -> list[Fragment]:
    """Return a PDF line's fragments without any `ZERO_WIDTH_SPACE`, so that it is not copied with the text.

    Fragments that were separated only by such a character (which is in another font) are joined again.
    """
    joined: list[Fragment] = []
    for fragment in fragments:
        letters = [letter for letter in fragment.characters if letter != ZERO_WIDTH_SPACE]
        if not letters and ZERO_WIDTH_SPACE in fragment.characters:
            continue
        last = joined[-1] if joined else None
        if last is not None and last.graphics_state == fragment.graphics_state and last.link == fragment.link:
            last.characters.extend(letters)
        else:
            joined.append(fragment.clone(letters, fragment.link))
    return joined
