"""Paths that try to leave their folder."""

from __future__ import annotations

import re
from urllib.parse import unquote

from starlette.types import Scope

from veritrain_lib.server.auth.refusal import Refusal

MOST_DECODINGS = 4
"""A path that still holds something encoded after so many readings means no good."""

FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")


def check_path(scope: Scope) -> None:
    """Refuse `..`, backslashes and control characters in a path, however often they are encoded (400, in our API 404)."""
    path = scope["path"]
    # No id of the API has such characters, and what has none of its ids is unknown there.
    status = 404 if path.startswith("/api/v1/") else 400
    raw = scope.get("raw_path") or b""
    for reading in (path, raw.decode("latin-1").partition("?")[0]):
        for _ in range(MOST_DECODINGS):
            if FORBIDDEN.search(reading) or ".." in reading.split("/"):
                raise Refusal(status, "the path holds `..`, a backslash or a control character")
            decoded = unquote(reading, errors="replace")
            if decoded == reading:
                break
            reading = decoded
        else:
            raise Refusal(status, "the path is encoded too many times")
