"""Check of the Origin header, which names the web page that sent a request, and the CORS headers of responses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import Scope

from veritrain_lib.server.auth.refusal import Refusal

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""HTTP methods that only read."""

CORS_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
"""HTTP methods that pages of allowed origins may use."""

EXPOSED_HEADERS = "Content-Disposition, Retry-After, X-Request-ID"
"""Response headers that scripts of pages of allowed origins may read."""

PREFLIGHT_AGE_S = 600
"""Seconds for which a browser may keep the response to a CORS preflight."""

DEFAULT_PORTS = {"http": 80, "https": 443}

ORIGIN_PATTERN = re.compile(r"https?://[A-Za-z0-9.\[\]:-]{1,255}")
"""Regular expression for well-formed origins; only these may be repeated in an error message."""


def check_origin(scope: Scope, headers: Headers, allowed: Sequence[str]) -> str | None:
    """Check whether the web page that sent a request may do so.

    A reading request of an origin that is not allowed is answered, but without the CORS headers that would let the
    page's script see the response.

    Args:
        scope: ASGI scope of the request.
        headers: Headers of the request.
        allowed: Allowed origins; `*` allows any.

    Returns:
        The origin, if it is another site's and allowed; None for this server's own pages, for programs, and for an
        answered request of an origin that is not allowed.

    Raises:
        Refusal: 403, a page of an origin that is not allowed sent a WebSocket handshake, a preflight, or a request that
            may change something; or a page of another site sent such a request without an Origin header.
    """
    origin = headers.get("origin")
    is_safe = scope["type"] == "http" and scope["method"] in SAFE_METHODS and not is_preflight(scope, headers)
    if origin is None:
        if not is_safe and headers.get("sec-fetch-site") == "cross-site":
            raise Refusal(403, "a page of another site sent this request without naming its origin")
        return None
    if is_same_origin(origin, headers.get("host", "")):
        return None
    if origin in allowed or "*" in allowed:
        return origin
    if not is_safe:
        raise Refusal(403, _origin_not_allowed(origin, allowed))
    return None


def _origin_not_allowed(origin: str, allowed: Sequence[str]) -> str:
    """Return the error message for an origin that is not allowed; it shows how to set `ALLOWED_ORIGINS`."""
    message = "pages of this origin may not send this request"
    if not ORIGIN_PATTERN.fullmatch(origin):
        return f"{message}; ALLOWED_ORIGINS names those that may"
    setting = f"ALLOWED_ORIGINS={','.join([*allowed, origin])}"
    return f"{message}; to allow them, start the server with {setting} (in its environment or in .env)"


def is_same_origin(origin: str, host: str) -> bool:
    """Return whether an origin is this server itself.

    Its scheme is not compared, because a proxy in front of the server may handle TLS.

    Args:
        origin: Value of the Origin header, such as `https://veritrain.example.org`.
        host: Value of the Host header.
    """
    try:
        page = urlsplit(origin)
        server = urlsplit(f"{page.scheme}://{host}")
        port = DEFAULT_PORTS.get(page.scheme)
        return (
            port is not None
            and origin == f"{page.scheme}://{page.netloc}"
            and page.hostname is not None
            and (page.hostname, page.port or port) == (server.hostname, server.port or port)
        )
    except ValueError:
        return False


def is_preflight(scope: Scope, headers: Headers) -> bool:
    """Return whether a request is a CORS preflight, by which a browser asks whether a page may send a request."""
    return (
        scope["type"] == "http"
        and scope["method"] == "OPTIONS"
        and "access-control-request-method" in headers
        and "origin" in headers
    )


def preflight_response(headers: Headers) -> Response:
    """Return the response to a CORS preflight: all request headers that the browser asks for are allowed."""
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": CORS_METHODS,
            "Access-Control-Allow-Headers": headers.get("access-control-request-headers", "")
            or "Authorization, Content-Type",
            "Access-Control-Max-Age": str(PREFLIGHT_AGE_S),
        },
    )


def set_cors_headers(message: Any, origin: str | None, allowed: Sequence[str]) -> None:
    """Replace the CORS headers of a response; MLflow's own, which trust every page of this machine, are removed.

    Args:
        message: First ASGI message of the response; its headers are changed.
        origin: Allowed origin of the page that sent the request; None to set no CORS headers.
        allowed: Allowed origins. A page that only `*` allows may not send cookies.
    """
    headers = MutableHeaders(raw=message["headers"])
    for name in ("access-control-allow-origin", "access-control-allow-credentials",
                 "access-control-expose-headers"):  # fmt: skip
        if name in headers:
            del headers[name]
    headers.add_vary_header("Origin")
    if origin is None:
        return
    headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    if origin in allowed:  # a page that only `*` allows must not send cookies
        headers["Access-Control-Allow-Credentials"] = "true"
