"""Check of the Host header against the names that the server may be called by.

It stops DNS rebinding: a web page whose host name was bound to this machine's address must not reach the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from starlette.datastructures import Headers

from veritrain_lib.server.auth.refusal import Refusal

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def check_host(headers: Headers, allowed: Sequence[str]) -> None:
    """Check that the Host header is a loopback name or an allowed name.

    Args:
        headers: Headers of the request.
        allowed: Names or patterns, such as `*.example.org` and `*`.

    Raises:
        Refusal: 403, the name is not allowed.
    """
    host_headers = headers.getlist("host")
    name = host_name(host_headers[0]) if len(host_headers) == 1 else ""
    if name in LOOPBACK:
        return
    if not name or not any(fnmatchcase(name, _pattern(pattern)) for pattern in allowed):
        raise Refusal(403, "this host name is not allowed; the setting ALLOWED_HOSTS lists the allowed ones")


def host_name(host: str) -> str:
    """Return a host in lower case without its port, or an empty string if it is not a valid host."""
    name, colon, port = host.lower().rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host.lower(), ""
    if port and not port.isdecimal():
        return ""
    return name if name and not set(name) & set("/\\@?# \t,*") else ""


def _pattern(allowed: str) -> str:
    pattern = allowed.lower()
    if pattern.count(":") > 1 and not pattern.startswith("["):
        pattern = f"[{pattern}]"
    elif ":" in pattern and not pattern.endswith("]"):
        pattern = pattern.rpartition(":")[0]
    return pattern.replace("[", "[[]")
