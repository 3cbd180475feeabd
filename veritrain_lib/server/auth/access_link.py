"""Access link of a server without accounts: only clients that have the link's token may use the server.

The token lies in a file (`server/link_token.py`). `veritrain serve` prints the link, a browser keeps the token as a
cookie, and programs send it as a bearer token.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import unquote_plus

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import Scope

from veritrain_lib.server.auth.refusal import Refusal
from veritrain_lib.server.link_token import link_token

LINK_REQUIRED = (
    "this server answers whoever has its link: `veritrain serve` prints it at its start; programs send the token in "
    ".veritrain/link_token of the project as a bearer token (MLflow's client: MLFLOW_TRACKING_TOKEN)"
)


def check_link(scope: Scope, headers: Headers, expected: str, address_token: str | None) -> Response | None:
    """Check that a request carries the token of the access link.

    Args:
        scope: ASGI scope of the request; a token in its query string is removed from it.
        headers: Headers of the request.
        expected: The token of the access link.
        address_token: The token that was in the URL of a WebSocket.

    Returns:
        None if the request may pass, or a redirect that sets the cookie for a browser that followed the link.

    Raises:
        Refusal: 401, the request carries no valid token.
    """
    presented = [address_token] if address_token is not None else []
    for header in headers.getlist("authorization"):
        scheme, _, credential = header.partition(" ")
        if scheme.lower() == "bearer":
            presented.append(credential.strip())
    if cookie := _cookie_token(headers.get("cookie", ""), expected):
        presented.append(cookie)
    if any(_equal(candidate, expected) for candidate in presented):
        return None
    query_token = _pop_query_token(scope)
    if query_token is not None and _equal(query_token, expected) and scope["type"] == "http":
        return _redirect_with_cookie(scope, expected) if scope["method"] in ("GET", "HEAD") else None
    raise Refusal(401, LINK_REQUIRED, {"WWW-Authenticate": "Bearer"})


def has_no_credentials(headers: Headers, expected: str, address_token: str | None) -> bool:
    """Return whether a request carries neither a token, valid or not, nor the cookie of the link."""
    return (
        address_token is None
        and "authorization" not in headers
        and not _cookie_token(headers.get("cookie", ""), expected)
    )


def is_token(text: str) -> bool:
    """Return whether a text is the token of this project's link."""
    return _equal(text, link_token())


def refusal_page(refusal: Refusal) -> Response:
    """Return the plain-text response for a person whose request was rejected."""
    return PlainTextResponse(f"{refusal.detail}\n", refusal.status_code, {"Cache-Control": "no-store"})


def _equal(text: str, expected: str) -> bool:
    return hmac.compare_digest(text.encode("utf-8", "replace"), expected.encode())


def _cookie_name(expected: str) -> str:
    # Cookies ignore the port, so the cookie name differs from project to project.
    return f"veritrain_link_{hashlib.sha256(expected.encode()).hexdigest()[:8]}"


def _cookie_token(header: str, expected: str) -> str:
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == _cookie_name(expected):
            return value.strip('"')
    return ""


def _pop_query_token(scope: Scope) -> str | None:
    """Remove the token from the query string, since servers log URLs, and return it."""
    token, other_parameters = None, []
    for parameter in scope.get("query_string", b"").decode("latin-1").split("&"):
        name, _, value = parameter.partition("=")
        if name == "token":
            token = unquote_plus(value)
        elif parameter:
            other_parameters.append(parameter)
    if token is not None:
        scope["query_string"] = "&".join(other_parameters).encode("latin-1")
    return token


def _redirect_with_cookie(scope: Scope, expected: str) -> Response:
    query = scope["query_string"].decode("latin-1")
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    # A path that begins with two slashes would lead to another host.
    target = "/" + path.lstrip("/") + (f"?{query}" if query else "")
    response = RedirectResponse(target, 303, {"Cache-Control": "no-store"})
    response.set_cookie(
        _cookie_name(expected),
        expected,
        path="/",
        httponly=True,
        samesite="lax",
        secure=scope["scheme"] == "https",
    )
    return response
