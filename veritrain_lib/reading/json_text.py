"""Strict parsing of users' JSON: NaN, duplicate keys and excessive nesting are rejected with one sentence."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 8
"""Maximum nesting depth of lists and objects inside one value of a row."""


class JsonFault(ValueError):
    """Error: a text is not JSON that is allowed here; the message states the reason and what is allowed."""


def parse(text: str) -> Any:
    """Parse a user's JSON text strictly.

    Raises:
        JsonFault: A syntax error, a duplicate key in one object, NaN or an infinity, a number of more than 4,300
            digits, or nesting beyond Python's recursion limit.
    """
    try:
        return _DECODER.decode(text)
    except JsonFault:
        raise
    except json.JSONDecodeError as error:
        raise JsonFault(f"is not valid JSON: {error}") from error
    except RecursionError as error:
        raise JsonFault("is nested too deeply") from error
    except (
        ValueError
    ) as error:  # Python's limit: the time to read a number grows with the square of its digits
        raise JsonFault("holds a number of more than 4300 digits; write it as a text in quotes") from error


def deeper_than(value: Any, levels: int) -> bool:
    """Return whether the lists and objects of a JSON value are nested more than `levels` deep."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return children is not None and (levels == 0 or any(deeper_than(child, levels - 1) for child in children))


def as_text(value: object) -> str:
    """Return a JSON value as the text of a table's cell: a text as it is, null as "", anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_ESCAPED_SURROGATE = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")


def may_hold_surrogates(text: str) -> bool:
    """Return whether a JSON text may contain an escaped lone surrogate or zero byte, which a UTF-8 file can't hold.

    The check is fast: it may return True without need, but never wrongly False.
    """
    return _ESCAPED_SURROGATE.search(text) is not None


def invalid_character(text: str) -> str:
    """Return a description of a lone surrogate or zero byte in a text, which UTF-8 files can't hold; "" if none."""
    if "\x00" in text:
        return "a zero byte"
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return "half a character (a lone surrogate); mend the escape"
    return ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        repeated = sorted({key for key in keys if keys.count(key) > 1}) if len(keys) < 1000 else keys[:1]
        raise JsonFault(f"holds the key {repeated[0]!r} twice in one object; only one may stay")
    return result


def _constant(word: str) -> Any:
    raise JsonFault(f"holds {word}, which is not valid JSON; write null, or a text in quotes")


def _float(digits: str) -> float:
    number = float(digits)
    if number - number != 0:
        raise JsonFault(f"holds the number {digits[:40]}, which is too large; write it as a text in quotes")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
