"""By which names the server may be called: a page whose name was bound to this address must not reach it."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from starlette.datastructures import Headers

from veritrain_lib.server.auth.refusal import Refusal

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def check_host(headers: Headers, allowed: Sequence[str]) -> None:
    """Refuse a request whose Host is neither a loopback name nor allowed (`*.example.org` and `*` are patterns)."""
    given = headers.getlist("host")
    name = host_name(given[0]) if len(given) == 1 else ""
    if name in LOOPBACK:
        return
    if not name or not any(fnmatchcase(name, _pattern(one)) for one in allowed):
        raise Refusal(403, "the server is not known by this host name; ALLOWED_HOSTS names those that it has")


def host_name(host: str) -> str:
    """A host without its port, in lower case; empty for what is no host."""
    name, colon, port = host.lower().rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host.lower(), ""
    if port and not port.isdecimal():
        return ""
    return name if name and not set(name) & set("/\\@?# \t,*") else ""


def _pattern(allowed: str) -> str:
    name = allowed.lower()
    if name.count(":") > 1 and not name.startswith("["):
        name = f"[{name}]"
    elif ":" in name and not name.endswith("]"):
        name = name.rpartition(":")[0]
    return name.replace("[", "[[]")
