"""Where a line of Japanese may end. Browsers know; the PDF must be told.

Between any two letters, but no line begins with a closing bracket, a full stop or comma, a small or long Kana, and
none ends with an opening bracket; numbers and Latin words stay whole (W3C, "Requirements for Japanese Text Layout",
3.1.7 to 3.1.10; JIS X 4051).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpdf.line_break import Fragment

MAY_END = "\u200b"
"""Zero width space: what a line may be broken at without a space to be seen."""

_NOT_FIRST = re.escape("、。，．・：；？！…‥ー〜～）」』】〉》〕｝”’々ゝゞヽヾ%％°℃)]},.!?:;")
_SMALL = "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶｧ-ｯﾞﾟｰ"
_NOT_LAST = re.escape("（「『【〈《〔｛“‘([{¥￥$＄")
_DENSE = "\u3001-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff9f"
_DENSE_LETTER = re.compile(f"[{_DENSE}]")
_BETWEEN = re.compile(
    f"(?<=[^\\s{MAY_END}{_NOT_LAST}])(?=[^\\s{MAY_END}{_NOT_FIRST}{_SMALL}])(?:(?<=[{_DENSE}])|(?=[{_DENSE}]))"
)


def with_line_breaks(text: str) -> str:
    """The text with `MAY_END` wherever a line of Japanese may end; other text, and a second time, is as it was."""
    return _BETWEEN.sub(MAY_END, text) if _DENSE_LETTER.search(text) else text


def without_marks(fragments: Sequence[Fragment]) -> list[Fragment]:
    """The pieces of a set line without the places where it could have ended, so that nobody copies those, and
    joined again where the mark, which is of another typeface, had cut them."""
    found: list[Fragment] = []
    for one in fragments:
        letters = [letter for letter in one.characters if letter != MAY_END]
        if not letters and MAY_END in one.characters:
            continue
        last = found[-1] if found else None
        if last is not None and last.graphics_state == one.graphics_state and last.link == one.link:
            last.characters.extend(letters)
        else:
            found.append(one.clone(letters, one.link))
    return found
