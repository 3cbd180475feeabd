"""Check that a token is still valid: its account is active, and its login or service token was not revoked.

The result of the database query is cached for 3 seconds, since one page of MLflow's UI sends dozens of requests.
"""

from __future__ import annotations

import time

from sqlalchemy import select

from veritrain_lib.server.auth.roles import ROLES
from veritrain_lib.server.auth.tokens import Claims
from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Token, User, now
from veritrain_lib.server.http.current_user import Principal

CACHE_S = 3.0
"""Seconds for which a result of the check is reused."""
MAX_CACHED = 10_000
"""Maximum number of cached results; at this number the cache is emptied."""

_cache: dict[tuple[str, str, bool], tuple[float, Principal | None]] = {}


def cached(claims: Claims) -> tuple[Principal | None] | None:
    """Return the cached result of a token's check.

    Returns:
        A tuple of one item: the user or service, or None if the token is not valid. None instead of the tuple if no
        result is cached, so that the database must be queried (`look_up`).
    """
    entry = _cache.get(_key(claims))
    return (entry[1],) if entry is not None and time.monotonic() - entry[0] < CACHE_S else None


def look_up(claims: Claims) -> Principal | None:
    """Check a correctly signed token in the database.

    Returns:
        The user or service that it belongs to; None if the token is revoked or expired or the account is disabled.
    """
    read_at = time.monotonic()
    service = claims.kind == "service"
    with session() as database:
        user = database.scalar(
            select(User)
            .join(Token, Token.user_id == User.id)
            .where(
                User.id == claims.user_id,
                User.is_active.is_(True),
                Token.family == claims.family,
                Token.kind == ("service" if service else "refresh"),
                Token.revoked_at.is_(None),
                Token.expires_at > now(),
            )
            .limit(1)
        )
    principal = None if user is None else principal_of_user(user, claims.family, service=service)
    if len(_cache) >= MAX_CACHED:
        _cache.clear()
    _cache[_key(claims)] = (read_at, principal)
    return principal


def principal_of_user(user: User, family: str, *, service: bool = False) -> Principal:
    """Return the authenticated caller (`Principal`) for a user account.

    Args:
        user: The account. If its role is unknown, the caller is a viewer.
        family: Id that all tokens of the login or service token share.
        service: Whether the caller authenticated with a service token.
    """
    role = next((known_role for known_role in ROLES if known_role == user.role), ROLES[0])
    return Principal(user.id, user.email, role, "service" if service else "session", family)


def clear_cache() -> None:
    """Empty the cache of checked tokens; call it after any change of accounts or tokens."""
    _cache.clear()


def _key(claims: Claims) -> tuple[str, str, bool]:
    """Return the key of a token in the cache: user, family, and whether it is a service token."""
    return claims.user_id, claims.family, claims.kind == "service"
