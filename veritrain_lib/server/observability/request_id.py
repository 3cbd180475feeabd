"""Ids of requests, from the header X-Request-ID or newly made; log lines and the response contain them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

HEADER = b"x-request-id"

_VALID_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
"""Regular expression for ids that can be written to a log and a header unchanged."""


def request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the id in a request's X-Request-ID header, or a new random id.

    An id from the header is used only if it is one word of at most 64 letters, digits, dots, hyphens and underscores.
    """
    for name, value in headers:
        if name == HEADER:
            return value.decode("ascii") if _VALID_ID.fullmatch(value) else uuid.uuid4().hex
    return uuid.uuid4().hex
