"""Check that rejects request paths which try to leave their folder (path traversal)."""

from __future__ import annotations

import re
from urllib.parse import unquote

from starlette.types import Scope

from veritrain_lib.server.auth.refusal import Refusal

MAX_DECODINGS = 4
"""Maximum number of times that a path is percent-decoded; a path that is still encoded after that is rejected."""

FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x1f\x7f\\]")
"""Regular expression for characters that no path may contain: control characters and the backslash."""


def check_path(scope: Scope) -> None:
    """Reject a request whose path contains `..`, a backslash or a control character, also if percent-encoded.

    A path that is encoded several times is decoded up to `MAX_DECODINGS` times; one that is encoded more often is
    rejected too.

    Raises:
        Refusal: 404 for a path of the REST API, 400 for any other.
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
