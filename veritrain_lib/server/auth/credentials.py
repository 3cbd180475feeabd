"""Authentication of a request by a bearer token (`Authorization`) or by the session cookie of a browser.

A session cookie is renewed automatically while it is in use.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import Scope

from veritrain_lib.server.auth import session_cookie, sessions, token_validity, tokens
from veritrain_lib.server.auth.refusal import login_needed
from veritrain_lib.server.auth.tokens import Claims, InvalidToken
from veritrain_lib.server.http.current_user import Principal

RENEW_BEFORE_EXPIRY_S = 300
"""A browser's login is renewed once its access token has fewer seconds left, so it never expires while in use."""

SOCKET_IO_PATH = "/socket.io/"

DEFERRED_LOGIN_PREFIX = "open-"
"""Start of the random part of a Socket.IO session id if the session was opened without a login."""

OVERLAP_S = 60
"""Seconds for which a used refresh token still identifies a browser: requests already on their way carry the old cookie."""


@dataclass(frozen=True)
class Credentials:
    """Credentials that came with a request, before they are checked against the database.

    Attributes:
        claims: What a correctly signed token states; None without one.
        refresh: Refresh token from the session cookie, or an empty string.
        bearer_sent: Whether the request carried a bearer token, valid or not.
    """

    claims: Claims | None
    refresh: str = ""
    bearer_sent: bool = False

    @property
    def is_empty(self) -> bool:
        """Return whether the request carried no credentials at all, neither valid nor invalid."""
        return self.claims is None and not self.refresh and not self.bearer_sent


def pop_query_token(scope: Scope) -> str | None:
    """Remove the token from the URL of a WebSocket (or of Socket.IO's polling) and return it; None without one.

    Browsers can set no header there. The token is removed because servers log URLs.
    """
    query = scope.get("query_string", b"")
    if b"token=" not in query or not (
        scope["type"] == "websocket" or scope["path"].startswith("/socket.io/")
    ):
        return None
    token, other_parameters = None, []
    for parameter in query.decode("latin-1").split("&"):
        name, _, value = parameter.partition("=")
        if unquote(name) == "token":
            token = unquote(value)
        else:
            other_parameters.append(parameter)
    scope["query_string"] = "&".join(other_parameters).encode("latin-1")
    return token


def may_authenticate_later(scope: Scope) -> bool:
    """Return whether a request belongs to a Socket.IO session whose client may send a token once it is connected.

    That is the request that opens a session, and those of a session that was opened without a login. A session that was
    opened with a login needs it with each request.
    """
    if not scope["path"].startswith(SOCKET_IO_PATH):
        return False
    session = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("sid", [""])[0]
    return not session or session.partition(".")[2].startswith(DEFERRED_LOGIN_PREFIX)


def read_credentials(headers: Headers, address_token: str | None) -> Credentials:
    """Return the credentials that came with a request, without a database access.

    Raises:
        Refusal: 401, the request uses another scheme of authorization than bearer.
    """
    authorization = headers.getlist("authorization")
    if authorization:
        scheme, _, credential = authorization[0].partition(" ")
        if scheme.lower() != "bearer" or len(authorization) > 1:
            raise login_needed("this server accepts only one bearer token")
        return Credentials(_read_bearer(credential.strip()), bearer_sent=True)
    if address_token is not None:
        return Credentials(_read_bearer(address_token), bearer_sent=True)
    cookie = session_cookie.session_value(headers.get("cookie", ""))
    if cookie is None:
        return Credentials(None)
    access, refresh = session_cookie.split_value(cookie)
    try:
        return Credentials(tokens.read(access, "access"), refresh)
    except InvalidToken:
        return Credentials(None, refresh)


async def authenticate(
    credentials: Credentials, *, may_renew: bool
) -> tuple[Principal, sessions.Login | None]:
    """Return the principal of a request and, if its login was renewed, the new pair of tokens.

    Args:
        credentials: What came with the request.
        may_renew: Whether the response can carry a new cookie (an HTTP response can, a WebSocket can't).

    Raises:
        Refusal: 401, there are no valid credentials.
    """
    claims = credentials.claims
    if claims is None and not credentials.refresh:
        raise login_needed("this token is not valid" if credentials.bearer_sent else "a login is needed")
    if claims is not None:
        principal = await principal_of(claims)
        if principal is None:
            raise login_needed("this login has ended; sign in again")
        if (
            not credentials.refresh
            or not may_renew
            or claims.expires_at - time.time() > RENEW_BEFORE_EXPIRY_S
        ):
            return principal, None
    elif not may_renew:
        return await _principal_of_refresh_token(credentials.refresh), None
    renewed = await to_thread.run_sync(_renew, credentials.refresh)
    return (renewed.principal, renewed) if isinstance(renewed, sessions.Login) else (renewed, None)


async def authenticate_token(text: str) -> tuple[Principal, Claims] | None:
    """Return the principal and the claims of a bearer token, or None if it is not valid (any more)."""
    claims = _read_bearer(text)
    principal = await principal_of(claims) if claims is not None else None
    return None if claims is None or principal is None else (principal, claims)


async def principal_of(claims: Claims) -> Principal | None:
    """Return the principal of a token, or None if the token is no longer valid."""
    cached = token_validity.cached(claims)
    return cached[0] if cached is not None else await to_thread.run_sync(token_validity.look_up, claims)


async def _principal_of_refresh_token(text: str) -> Principal:
    """Authenticate a WebSocket: its handshake can't return a new cookie, so its refresh token counts."""
    try:
        principal = await principal_of(tokens.read(text, "refresh"))
    except InvalidToken:
        principal = None
    if principal is None:
        raise login_needed()
    return principal


def _renew(refresh: str) -> sessions.Login | Principal:
    return sessions.renew(refresh, overlap_s=OVERLAP_S)


def _read_bearer(text: str) -> Claims | None:
    try:
        return tokens.read(text, "access", "service")
    except InvalidToken:
        return None
