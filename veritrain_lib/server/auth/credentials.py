"""Who is calling: a bearer token (`Authorization`), or the session cookie of a browser, which renews itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import Scope

from veritrain_lib.server.auth import session_cookie, sessions, token_validity, tokens
from veritrain_lib.server.auth.principal import Caller
from veritrain_lib.server.auth.refusal import login_needed
from veritrain_lib.server.auth.tokens import Claims, TokenRefused

RENEWED_BEFORE_S = 300
"""A browser's login is renewed when its access token has less left, so that it never runs out while in use."""

SOCKET_IO = "/socket.io/"

SHOWS_LATER = "open-"
"""How the random part of a Socket.IO session's id begins when the session was opened without a login."""

OVERLAP_S = 60
"""Requests that a browser had under way when its login was renewed still bring the old cookie."""


@dataclass(frozen=True)
class Credentials:
    """What came with a request. `claims` is what the signature vouches for, before the tables are asked."""

    claims: Claims | None
    refresh: str = ""
    given: bool = False

    @property
    def nothing(self) -> bool:
        """Whether nothing was shown at all, neither right nor wrong."""
        return self.claims is None and not self.refresh and not self.given


def token_of_address(scope: Scope) -> str | None:
    """The token in the address of a WebSocket (or of Socket.IO's polling): browsers can set no header there.

    It is taken out of the address, which servers like to write into their log.
    """
    query = scope.get("query_string", b"")
    if b"token=" not in query or not (
        scope["type"] == "websocket" or scope["path"].startswith("/socket.io/")
    ):
        return None
    found, kept = None, []
    for piece in query.decode("latin-1").split("&"):
        name, _, content = piece.partition("=")
        if unquote(name) == "token":
            found = unquote(content)
        else:
            kept.append(piece)
    scope["query_string"] = "&".join(kept).encode("latin-1")
    return found


def may_show_later(scope: Scope) -> bool:
    """Return whether a request is of a Socket.IO session whose client may show a token once it is connected.

    That is the request that opens a session, and those of a session that was opened without a login. One that was
    opened with a login needs it with each request.
    """
    if not scope["path"].startswith(SOCKET_IO):
        return False
    session = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("sid", [""])[0]
    return not session or session.partition(".")[2].startswith(SHOWS_LATER)


def shown(headers: Headers, address_token: str | None) -> Credentials:
    """What came with a request. Nothing is looked up. Raises Refusal for another kind of authorization."""
    authorization = headers.getlist("authorization")
    if authorization:
        scheme, _, text = authorization[0].partition(" ")
        if scheme.lower() != "bearer" or len(authorization) > 1:
            raise login_needed("only a bearer token is understood here")
        return Credentials(_bearer(text.strip()), given=True)
    if address_token is not None:
        return Credentials(_bearer(address_token), given=True)
    cookie = session_cookie.find(headers.get("cookie", ""))
    if cookie is None:
        return Credentials(None)
    access, refresh = session_cookie.parts(cookie)
    try:
        return Credentials(tokens.read(access, "access"), refresh)
    except TokenRefused:
        return Credentials(None, refresh)


async def caller(shown: Credentials, *, may_renew: bool) -> tuple[Caller, sessions.Login | None]:
    """Who that is, and the login's next tokens when it was renewed. Raises Refusal (401)."""
    claims = shown.claims
    if claims is None and not shown.refresh:
        raise login_needed("this token does not hold" if shown.given else "a login is needed")
    if claims is not None:
        found = await standing_of(claims)
        if found is None:
            raise login_needed("this login has ended; sign in again")
        if not shown.refresh or not may_renew or claims.expires_at - time.time() > RENEWED_BEFORE_S:
            return found, None
    elif not may_renew:
        return await _of_refresh(shown.refresh), None
    answer = await to_thread.run_sync(_renew, shown.refresh)
    return (answer.caller, answer) if isinstance(answer, sessions.Login) else (answer, None)


async def caller_of_token(text: str) -> tuple[Caller, Claims] | None:
    """Return who shows a bearer token by itself, and its claims; None when it holds no more or never did."""
    claims = _bearer(text)
    found = await standing_of(claims) if claims is not None else None
    return None if claims is None or found is None else (found, claims)


async def standing_of(claims: Claims) -> Caller | None:
    """The caller of a token, None when it holds no more."""
    known = token_validity.remembered(claims)
    return known[0] if known is not None else await to_thread.run_sync(token_validity.look_up, claims)


async def _of_refresh(text: str) -> Caller:
    """For a WebSocket, whose handshake can't carry a new cookie back: the login holds as long as its family does."""
    try:
        found = await standing_of(tokens.read(text, "refresh"))
    except TokenRefused:
        found = None
    if found is None:
        raise login_needed()
    return found


def _renew(refresh: str) -> sessions.Login | Caller:
    return sessions.renew(refresh, overlap_s=OVERLAP_S)


def _bearer(text: str) -> Claims | None:
    try:
        return tokens.read(text, "access", "service")
    except TokenRefused:
        return None
