"""The forms in which a secret may stand in a text: as it is, quoted, escaped, encoded.

Not covered: what a program changes on purpose (reversed, letter by letter, hashed, encrypted, compressed, drawn as
a picture), and less than the first half of a value.
"""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

LONG = 24
"""Characters from which a beginning counts too: tables and logs cut long texts."""

BEGINNING = 16
PUBLIC_BEGINNINGS = ("-----", "{", "eyJ", "http")
"""Of private keys, JSON, tokens and addresses: the beginning is no secret."""


def forms_of(value: str) -> set[str]:
    """Every text that stands for the value: itself, JSON's and Python's escapes (also twice), those of addresses and of
    HTML, hexadecimal, base64 wherever in a longer text it was encoded, and the beginning of a long value."""
    found = {value}
    once = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    raw = value.encode("utf-8", "surrogateescape")
    once.add(repr(raw)[2:-1])
    found |= (
        once | {json.dumps(one, ensure_ascii=False)[1:-1] for one in once} | {repr(one)[1:-1] for one in once}
    )
    encoded = {quote(raw, safe=safe) for safe in ("", "/", "!*'()", "~()*!.'")} | {quote_plus(raw)}
    found |= encoded | {_lower_escapes(one) for one in encoded} | {quote(one, safe="") for one in encoded}
    found |= {html.escape(one, quote=marks) for one in (value, *once) for marks in (True, False)}
    found |= {html.escape(value).replace("&#x27;", "&#39;")}
    found |= {raw.hex(), raw.hex().upper()}
    found |= _in_base64(raw)
    if len(value) >= LONG and not value.startswith(PUBLIC_BEGINNINGS):
        found.add(value[:BEGINNING])
    return found


def _in_base64(raw: bytes) -> set[str]:
    """What is the same of the value's base64, whatever stands before and behind it (`user:password` of HTTP)."""
    found = set()
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).decode()
        # The first letters depend on what stands before, the last ones on what comes behind.
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        if last - first >= 8:
            core = text[first:last]
            found |= {core, core.replace("+", "-").replace("/", "_"), core.replace("/", "\\/")}
    return found


def _lower_escapes(text: str) -> str:
    parts = text.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])
