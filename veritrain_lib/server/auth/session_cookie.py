"""The cookie of a login in a browser: out of scripts' reach, and never sent along by other sites' pages."""

from __future__ import annotations

from starlette.responses import Response

from veritrain_lib.server.auth.sessions import REFRESH_S, Login

NAME = "veritrain_session"
BETWEEN = "~"
"""Stands between the two tokens; no token has it."""


def value(login: Login) -> str:
    """What the cookie holds."""
    return f"{login.access}{BETWEEN}{login.refresh}"


def parts(text: str) -> tuple[str, str]:
    """Access and refresh token of a cookie."""
    access, _, refresh = text.partition(BETWEEN)
    return access, refresh


def put(response: Response, login: Login, scheme: str) -> None:
    """Give a browser its login."""
    response.set_cookie(
        NAME, value(login), max_age=REFRESH_S, path="/", secure=scheme in ("https", "wss"), httponly=True,
        samesite="strict",
    )  # fmt: skip


def take(response: Response, scheme: str) -> None:
    """Have a browser forget its login."""
    response.delete_cookie(
        NAME, path="/", secure=scheme in ("https", "wss"), httponly=True, samesite="strict"
    )


def header(login: Login, scheme: str) -> tuple[bytes, bytes]:
    """The header that gives a browser its login, for an answer that somebody else writes."""
    carrier = Response()
    put(carrier, login, scheme)
    return next(pair for pair in carrier.raw_headers if pair[0] == b"set-cookie")


def find(cookie_header: str) -> str | None:
    """The session in a Cookie header."""
    for piece in cookie_header.split(";"):
        name, _, content = piece.strip().partition("=")
        if name == NAME and content:
            return content.strip('"')
    return None
