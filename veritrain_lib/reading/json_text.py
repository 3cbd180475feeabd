"""Strict JSON: what the standard leaves open or Python adds to it (NaN, keys that stand twice, endless nesting) is
refused in one sentence.
"""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 8
"""Levels of lists and objects inside a value of a row."""


class JsonFault(ValueError):
    """A text that is no JSON as it is taken here; the message says why and what is allowed."""


def parse(text: str) -> Any:
    """The value of a JSON text.

    Raises JsonFault for a syntax error, a key that stands twice in one object, NaN and infinities, numbers of more
    than 4,300 digits, and nesting beyond what Python can follow.
    """
    try:
        return _DECODER.decode(text)
    except JsonFault:
        raise
    except json.JSONDecodeError as error:
        raise JsonFault(f"is no JSON: {error}") from error
    except RecursionError as error:
        raise JsonFault("is nested too deeply") from error
    except ValueError as error:  # Python reads no longer number: the time grows with the square of its digits
        raise JsonFault("holds a number of more than 4300 digits; write it as a text in quotes") from error


def deeper_than(value: Any, levels: int) -> bool:
    """Whether lists and objects stand in each other more than `levels` times; looks no deeper."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return inner is not None and (levels == 0 or any(deeper_than(one, levels - 1) for one in inner))


def as_text(value: object) -> str:
    """A value of JSON as the text of a cell: a text as it is, null as the empty text, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_HALF_ESCAPED = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")


def may_hold_half_characters(text: str) -> bool:
    """Whether a JSON text has an escape that could be half a character, or a zero byte; cheap, and never wrongly no."""
    return _HALF_ESCAPED.search(text) is not None


def unfit_character(text: str) -> str:
    """What a text holds that no file can say in UTF-8, or nothing: half a character (a lone surrogate), a zero byte."""
    if "\x00" in text:
        return "a zero byte"
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        return "half a character (a lone surrogate); mend the escape"
    return ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1}) if len(keys) < 1000 else keys[:1]
        raise JsonFault(f"holds the key {twice[0]!r} twice in one object; only one may stay")
    return found


def _constant(word: str) -> Any:
    raise JsonFault(f"holds {word}, which is no JSON; write null, or a text in quotes")


def _float(digits: str) -> float:
    number = float(digits)
    if number - number != 0:
        raise JsonFault(f"holds the number {digits[:40]}, which is too large; write it as a text in quotes")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
