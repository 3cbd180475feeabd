"""Access link of a server without user accounts: only requests that carry the secret token of the link are let in.

`veritrain serve` prints the link. A browser that follows it keeps the token as a cookie; a program sends it as a bearer
token. `server/link_token.py` stores the token.
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
"""Text of the 401 response to a request that lacks the token of the access link."""


def check_link(scope: Scope, headers: Headers, expected: str, address_token: str | None) -> Response | None:
    """Check that a request to a server without user accounts carries the token of the access link.

    The token may be a bearer token, a cookie, or the parameter `token` of the query string.

    Args:
        scope: ASGI scope of the request. A token in its query string is removed.
        headers: Headers of the request.
        expected: The token of the access link.
        address_token: Token from the URL of a WebSocket or of Socket.IO's polling; None if there was none.

    Returns:
        None if the request may pass. For a browser that followed the link, a redirect to the same page that sets the
        cookie.

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
    """Return whether a request to a server without accounts carries no token at all, not even an invalid one.

    A token can be in the header `Authorization`, in the cookie of the access link, or in a WebSocket's URL.
    """
    return (
        address_token is None
        and "authorization" not in headers
        and not _cookie_token(headers.get("cookie", ""), expected)
    )


def is_token(text: str) -> bool:
    """Return whether a text is the secret token of this project's access link; the comparison takes constant time."""
    return _equal(text, link_token())


def refusal_page(refusal: Refusal) -> Response:
    """Return a plain-text page for a person without the access link; its text is the refusal's message."""
    return PlainTextResponse(f"{refusal.detail}\n", refusal.status_code, {"Cache-Control": "no-store"})


def _equal(text: str, expected: str) -> bool:
    """Return whether two texts are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(text.encode("utf-8", "replace"), expected.encode())


def _cookie_name(expected: str) -> str:
    """Return the cookie's name, which contains a hash of the token.

    Cookies are shared by all ports of a host, so servers of several projects need cookies of different names.
    """
    # Cookies ignore the port, so the cookie name differs from project to project.
    return f"veritrain_link_{hashlib.sha256(expected.encode()).hexdigest()[:8]}"


def _cookie_token(header: str, expected: str) -> str:
    """Return the value of the access link's cookie from a `Cookie` header; an empty string if it is not there."""
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == _cookie_name(expected):
            return value.strip('"')
    return ""


def _pop_query_token(scope: Scope) -> str | None:
    """Remove the parameter `token` from the query string of an ASGI scope and return its value; None if there is none.

    It is removed because servers log URLs.
    """
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
    """Return a redirect (303) to the requested page that sets the access link's cookie.

    The URL to which it redirects does not contain the token.
    """
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
