"""Check for request paths that try to leave their folder (path traversal)."""

from __future__ import annotations

import re
from urllib.parse import unquote

from starlette.types import Scope

from veritrain_lib.server.auth.refusal import Refusal

MAX_DECODINGS = 4
"""A path that is still percent-encoded after so many decodings is rejected."""

FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x1f\x7f\\]")


def check_path(scope: Scope) -> None:
    """Reject `..`, backslashes and control characters in a path, however often they are percent-encoded.

    Raises:
        Refusal: 400, or 404 for a path of our API.
    """
    path = scope["path"]
    # No id of the API has such characters, so a path that has them names nothing there.
    status = 404 if path.startswith("/api/v1/") else 400
    raw = scope.get("raw_path") or b""
    for decoded_path in (path, raw.decode("latin-1").partition("?")[0]):
        for _ in range(MAX_DECODINGS):
            if FORBIDDEN_CHARACTERS.search(decoded_path) or ".." in decoded_path.split("/"):
                raise Refusal(status, "the path holds `..`, a backslash or a control character")
            next_path = unquote(decoded_path, errors="replace")
            if next_path == decoded_path:
                break
            decoded_path = next_path
        else:
            raise Refusal(status, "the path is encoded too many times")
