"""Check that a request's Host header is one of the names by which the server may be called.

It stops DNS rebinding: a web site that binds its own host name to this machine's address, so that its page in a user's
browser could reach the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from starlette.datastructures import Headers

from veritrain_lib.server.auth.refusal import Refusal

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Host names of this machine itself, which are always allowed."""


def check_host(headers: Headers, allowed: Sequence[str]) -> None:
    """Check that a request's Host header is a loopback name or one of the allowed names.

    Args:
        headers: Headers of the request.
        allowed: Host names and patterns, such as `*.example.org` or `*`.

    Raises:
        Refusal: 403, the name is not allowed, or the request has no valid Host header or several.
    """
    host_headers = headers.getlist("host")
    name = host_name(host_headers[0]) if len(host_headers) == 1 else ""
    if name in LOOPBACK:
        return
    if not name or not any(fnmatchcase(name, _pattern(pattern)) for pattern in allowed):
        raise Refusal(403, "this host name is not allowed; the setting ALLOWED_HOSTS lists the allowed ones")


def host_name(host: str) -> str:
    """Return the name in a Host header, in lower case and without port; an empty string if the header is not valid."""
    name, colon, port = host.lower().rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host.lower(), ""
    if port and not port.isdecimal():
        return ""
    return name if name and not set(name) & set("/\\@?# \t,*") else ""


def _pattern(allowed: str) -> str:
    """Return an allowed host name as a pattern for `fnmatch`: lower case, without port, with IPv6 brackets escaped."""
    pattern = allowed.lower()
    if pattern.count(":") > 1 and not pattern.startswith("["):
        pattern = f"[{pattern}]"
    elif ":" in pattern and not pattern.endswith("]"):
        pattern = pattern.rpartition(":")[0]
    return pattern.replace("[", "[[]")
