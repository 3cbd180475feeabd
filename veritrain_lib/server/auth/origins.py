"""Pages of other sites: which may ask, and the CORS answers that tell their browsers so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import Scope

from veritrain_lib.server.auth.refusal import Refusal

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"

EXPOSED = "Content-Disposition, Retry-After, X-Request-ID"

PREFLIGHT_AGE_S = 600

PORTS = {"http": 80, "https": 443}

ORIGIN = re.compile(r"https?://[A-Za-z0-9.\[\]:-]{1,255}")
"""What may be repeated to whoever sent it."""


def check_origin(scope: Scope, headers: Headers, allowed: Sequence[str]) -> str | None:
    """The allowed foreign origin of a request, None for our own pages and for programs.

    Refuses WebSocket handshakes, preflights and everything that may change something, when a page of an origin
    that is not allowed sends it. What such a page only reads is answered without leave for its script to see it.
    """
    origin = headers.get("origin")
    harmless = scope["type"] == "http" and scope["method"] in SAFE and not is_preflight(scope, headers)
    if origin is None:
        if not harmless and headers.get("sec-fetch-site") == "cross-site":
            raise Refusal(403, "another site's page sent this without saying which")
        return None
    if is_same(origin, headers.get("host", "")):
        return None
    if origin in allowed or "*" in allowed:
        return origin
    if not harmless:
        raise Refusal(403, _not_allowed(origin, allowed))
    return None


def _not_allowed(origin: str, allowed: Sequence[str]) -> str:
    """Name the line that lets an origin in, if it is one: what a page sends as its origin may be anything."""
    said = "pages of this origin may not ask"
    if not ORIGIN.fullmatch(origin):
        return f"{said}; ALLOWED_ORIGINS names those that may"
    line = f"ALLOWED_ORIGINS={','.join([*allowed, origin])}"
    return f"{said}; to let them, start the server with {line} (in its environment or in .env)"


def is_same(origin: str, host: str) -> bool:
    """Whether an origin is the server that a Host header names, whichever way TLS is ended before it."""
    try:
        page = urlsplit(origin)
        called = urlsplit(f"{page.scheme}://{host}")
        port = PORTS.get(page.scheme)
        return (
            port is not None
            and origin == f"{page.scheme}://{page.netloc}"
            and page.hostname is not None
            and (page.hostname, page.port or port) == (called.hostname, called.port or port)
        )
    except ValueError:
        return False


def is_preflight(scope: Scope, headers: Headers) -> bool:
    """Whether a browser asks ahead if a page may ask."""
    return (
        scope["type"] == "http"
        and scope["method"] == "OPTIONS"
        and "access-control-request-method" in headers
        and "origin" in headers
    )


def preflight_answer(headers: Headers) -> Response:
    """Yes, with the headers that the page wants to send."""
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": headers.get("access-control-request-headers", "")
            or "Authorization, Content-Type",
            "Access-Control-Max-Age": str(PREFLIGHT_AGE_S),
        },
    )


def tell_browser(message: Any, origin: str | None, allowed: Sequence[str]) -> None:
    """Put the CORS headers of an answer right. MLflow's own, which trust every page of this machine, are taken out."""
    answer = MutableHeaders(raw=message["headers"])
    for name in ("access-control-allow-origin", "access-control-allow-credentials",
                 "access-control-expose-headers"):  # fmt: skip
        if name in answer:
            del answer[name]
    answer.add_vary_header("Origin")
    if origin is None:
        return
    answer["Access-Control-Allow-Origin"] = origin
    answer["Access-Control-Expose-Headers"] = EXPOSED
    if origin in allowed:  # a page that is let in only by `*` gets no cookies along
        answer["Access-Control-Allow-Credentials"] = "true"
