"""The encodings in which a secret may appear in a text: as it is, quoted, escaped, encoded.

Not covered are deliberate changes (reversed, letter by letter, hashed, encrypted, compressed, drawn as a picture), and
parts of a value, except the first 16 characters of a value of 24 characters or more.
"""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

MIN_PREFIX_LENGTH = 24
"""Smallest length in characters of a value whose beginning alone is redacted, too; tables and logs cut long texts."""

PREFIX_LENGTH = 16
PUBLIC_PREFIXES = ("-----", "{", "eyJ", "http")
"""Beginnings of private keys, JSON, JWT tokens and URLs, which are the same for all such values and so not secret."""


def encoded_forms(value: str) -> set[str]:
    """Return every text that may stand for a secret value.

    These are the value itself, its escapes in JSON and Python (also applied twice), in URLs and in HTML, hexadecimal
    digits, base64 at any offset in a longer text, and the first 16 characters of a value of 24 or more.
    """
    forms = {value}
    escaped = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    raw = value.encode("utf-8", "surrogateescape")
    escaped.add(repr(raw)[2:-1])
    forms |= (
        escaped
        | {json.dumps(form, ensure_ascii=False)[1:-1] for form in escaped}
        | {repr(form)[1:-1] for form in escaped}
    )
    encoded = {quote(raw, safe=safe) for safe in ("", "/", "!*'()", "~()*!.'")} | {quote_plus(raw)}
    forms |= encoded | {_lower_escapes(form) for form in encoded} | {quote(form, safe="") for form in encoded}
    forms |= {html.escape(form, quote=marks) for form in (value, *escaped) for marks in (True, False)}
    forms |= {html.escape(value).replace("&#x27;", "&#39;")}
    forms |= {raw.hex(), raw.hex().upper()}
    forms |= _base64_forms(raw)
    if len(value) >= MIN_PREFIX_LENGTH and not value.startswith(PUBLIC_PREFIXES):
        forms.add(value[:PREFIX_LENGTH])
    return forms


def _base64_forms(raw: bytes) -> set[str]:
    """Return the parts of the value's base64 that stay the same when the value is encoded within a longer text.

    They find, for example, a password inside the base64 of HTTP's `user:password`.
    """
    forms = set()
    for prefix_length in range(3):
        text = base64.b64encode(b"\0" * prefix_length + raw).decode()
        # The first characters depend on the bytes before the value, the last ones on those after it.
        first = -(-prefix_length * 8 // 6)
        last = (prefix_length + len(raw)) * 8 // 6
        if last - first >= 8:
            core = text[first:last]
            forms |= {core, core.replace("+", "-").replace("/", "_"), core.replace("/", "\\/")}
    return forms


def _lower_escapes(text: str) -> str:
    parts = text.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])
