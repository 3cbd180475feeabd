"""The name of a request: as its sender gave it in X-Request-ID, or made here. Logs and the answer carry it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

HEADER = b"x-request-id"

_FIT = re.compile(rb"[A-Za-z0-9._-]{1,64}")
"""What may stand in a log and in a header as it is."""


def request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The sender's, when it is one short plain word; else a new one."""
    for name, value in headers:
        if name == HEADER:
            return value.decode("ascii") if _FIT.fullmatch(value) else uuid.uuid4().hex
    return uuid.uuid4().hex
