"""Session cookie of a browser: not readable by scripts, and never sent by other sites' pages."""

from __future__ import annotations

from starlette.responses import Response

from veritrain_lib.server.auth.sessions import REFRESH_S, Login

NAME = "veritrain_session"
SEPARATOR = "~"
"""Separator of the two tokens; no token contains it."""


def cookie_value(login: Login) -> str:
    """Return the content of the cookie."""
    return f"{login.access}{SEPARATOR}{login.refresh}"


def split_value(value: str) -> tuple[str, str]:
    """Return the access and the refresh token of a cookie."""
    access, _, refresh = value.partition(SEPARATOR)
    return access, refresh


def set_cookie(response: Response, login: Login, scheme: str) -> None:
    """Set the session cookie on a response."""
    response.set_cookie(
        NAME, cookie_value(login), max_age=REFRESH_S, path="/", secure=scheme in ("https", "wss"), httponly=True,
        samesite="strict",
    )  # fmt: skip


def delete_cookie(response: Response, scheme: str) -> None:
    """Delete the session cookie of a browser."""
    response.delete_cookie(
        NAME, path="/", secure=scheme in ("https", "wss"), httponly=True, samesite="strict"
    )


def set_cookie_header(login: Login, scheme: str) -> tuple[bytes, bytes]:
    """Return the Set-Cookie header of a login, for a response that other code writes."""
    carrier = Response()
    set_cookie(carrier, login, scheme)
    return next(pair for pair in carrier.raw_headers if pair[0] == b"set-cookie")


def session_value(cookie_header: str) -> str | None:
    """Return the value of the session cookie in a Cookie header, or None."""
    for pair in cookie_header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == NAME and value:
            return value.strip('"')
    return None
