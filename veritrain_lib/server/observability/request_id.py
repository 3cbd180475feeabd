"""Request ids: from the X-Request-ID header or made here; the logs and the response carry them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

HEADER = b"x-request-id"

_VALID_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
"""Ids that may be written to a log and a header unchanged."""


def request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the sender's id if it is one short plain word, or a new one."""
    for name, value in headers:
        if name == HEADER:
            return value.decode("ascii") if _VALID_ID.fullmatch(value) else uuid.uuid4().hex
    return uuid.uuid4().hex
