"""Authentication of a request by a bearer token (header `Authorization`) or by a browser's session cookie.

The session cookie holds an access token and a refresh token; it is renewed while the browser is in use.
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
"""Remaining seconds of an access token below which a browser's login is renewed, so it never expires while in use."""

SOCKET_IO_PATH = "/socket.io/"

DEFERRED_LOGIN_PREFIX = "open-"
"""Start of the random part of a Socket.IO session id if the session was opened without a login."""

OVERLAP_S = 60
"""Seconds for which a refresh token that was already used still identifies a browser.

Requests that the browser sent before it received the new cookie carry the old one.
"""


@dataclass(frozen=True)
class Credentials:
    """Bearer token and session cookie of a request, before they are checked against the database.

    Attributes:
        claims: Content of a correctly signed access or service token; None if the request has no such token.
        refresh: Refresh token from the session cookie; an empty string if there is none.
        bearer_sent: Whether the request carried a bearer token, valid or not.
    """

    claims: Claims | None
    refresh: str = ""
    bearer_sent: bool = False

    @property
    def is_empty(self) -> bool:
        """Return whether the request carried neither a bearer token nor a session cookie, not even an invalid one."""
        return self.claims is None and not self.refresh and not self.bearer_sent


def pop_query_token(scope: Scope) -> str | None:
    """Remove the token from the URL of a WebSocket or Socket.IO request and return it; None if there is none.

    Browsers can set no `Authorization` header on a WebSocket, so they send the token in the URL. It is removed because
    servers log URLs.
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
    """Return whether a Socket.IO request may come without a login, because its client may send a token once connected.

    This holds for the request that opens a session and for the later requests of a session that was opened without a
    login. In a session that was opened with a login, every request needs it.
    """
    if not scope["path"].startswith(SOCKET_IO_PATH):
        return False
    session = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("sid", [""])[0]
    return not session or session.partition(".")[2].startswith(DEFERRED_LOGIN_PREFIX)


def read_credentials(headers: Headers, address_token: str | None) -> Credentials:
    """Return the credentials of a request; signatures are checked, but the database is not read.

    Args:
        headers: Headers of the request.
        address_token: Token from the URL of a WebSocket or Socket.IO request; None if there was none.

    Raises:
        Refusal: 401, the header `Authorization` appears twice or its scheme is not `Bearer`.
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
    """Return the user or service that sent a request.

    Args:
        credentials: Credentials of the request.
        may_renew: Whether the response can set a new cookie: True for HTTP, False for a WebSocket.

    Returns:
        The user or service, and the new pair of tokens if the login was renewed, otherwise None.

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
    """Return the user or service of a bearer token, and the token's content.

    Returns:
        None if the token is malformed, expired or revoked.
    """
    claims = _read_bearer(text)
    principal = await principal_of(claims) if claims is not None else None
    return None if claims is None or principal is None else (principal, claims)


async def principal_of(claims: Claims) -> Principal | None:
    """Return the user or service of a token with a correct signature.

    Returns:
        None if the token was revoked or the account was disabled.
    """
    cached = token_validity.cached(claims)
    return cached[0] if cached is not None else await to_thread.run_sync(token_validity.look_up, claims)


async def _principal_of_refresh_token(text: str) -> Principal:
    """Return the user of a refresh token, for a WebSocket whose access token has expired.

    A WebSocket's handshake can't return a new cookie, so the login is not renewed.

    Raises:
        Refusal: 401, the refresh token is not valid.
    """
    try:
        principal = await principal_of(tokens.read(text, "refresh"))
    except InvalidToken:
        principal = None
    if principal is None:
        raise login_needed()
    return principal


def _renew(refresh: str) -> sessions.Login | Principal:
    """Exchange a refresh token for a new pair of tokens.

    Returns:
        The new login; only its user if another request exchanged the same token less than `OVERLAP_S` seconds ago.
    """
    return sessions.renew(refresh, overlap_s=OVERLAP_S)


def _read_bearer(text: str) -> Claims | None:
    """Return the content of a correctly signed access or service token; None if the text is not such a token."""
    try:
        return tokens.read(text, "access", "service")
    except InvalidToken:
        return None
