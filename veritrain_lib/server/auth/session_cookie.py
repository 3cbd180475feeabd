"""Session cookie of a browser, which contains the tokens of its login.

Scripts can't read it, and the browser does not send it with requests of other sites' pages.
"""

from __future__ import annotations

from starlette.responses import Response

from veritrain_lib.server.auth.sessions import REFRESH_S, Login

NAME = "veritrain_session"
SEPARATOR = "~"
"""Character between the access token and the refresh token in the cookie; no token contains it."""


def cookie_value(login: Login) -> str:
    """Return the content of a browser's session cookie: the access token and the refresh token of a login."""
    return f"{login.access}{SEPARATOR}{login.refresh}"


def split_value(value: str) -> tuple[str, str]:
    """Return the access token and the refresh token in the value of a session cookie.

    If the value has only one token, the refresh token is an empty string.
    """
    access, _, refresh = value.partition(SEPARATOR)
    return access, refresh


def set_cookie(response: Response, login: Login, scheme: str) -> None:
    """Set a login's session cookie on a Starlette response; with scheme https or wss it is sent over TLS only."""
    response.set_cookie(
        NAME, cookie_value(login), max_age=REFRESH_S, path="/", secure=scheme in ("https", "wss"), httponly=True,
        samesite="strict",
    )  # fmt: skip


def delete_cookie(response: Response, scheme: str) -> None:
    """Remove the session cookie from the browser that gets this response."""
    response.delete_cookie(
        NAME, path="/", secure=scheme in ("https", "wss"), httponly=True, samesite="strict"
    )


def set_cookie_header(login: Login, scheme: str) -> tuple[bytes, bytes]:
    """Return a login's session cookie as a raw Set-Cookie header (name, value), for a response made by other code."""
    carrier = Response()
    set_cookie(carrier, login, scheme)
    return next(pair for pair in carrier.raw_headers if pair[0] == b"set-cookie")


def session_value(cookie_header: str) -> str | None:
    """Return the value of the session cookie in a request's Cookie header; None if the header does not contain it."""
    for pair in cookie_header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == NAME and value:
            return value.strip('"')
    return None
