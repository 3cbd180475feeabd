"""Check that a token is still valid: the account is active, the login or service token is not revoked.

The database is queried, and the result is cached for a few seconds, since one page of the MLflow UI sends dozens of
requests.
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
MAX_CACHED = 10_000

_cache: dict[tuple[str, str, bool], tuple[float, Principal | None]] = {}


def cached(claims: Claims) -> tuple[Principal | None] | None:
    """Return the cached principal in a tuple, or None if the database must be queried."""
    entry = _cache.get(_key(claims))
    return (entry[1],) if entry is not None and time.monotonic() - entry[0] < CACHE_S else None


def look_up(claims: Claims) -> Principal | None:
    """Return the principal of a correctly signed token from the database, or None if it is no longer valid."""
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
    """Return an account as a principal; an unknown role counts as the least one."""
    role = next((known_role for known_role in ROLES if known_role == user.role), ROLES[0])
    return Principal(user.id, user.email, role, "service" if service else "session", family)


def clear_cache() -> None:
    """Clear the cache; call it after any change of accounts or tokens."""
    _cache.clear()


def _key(claims: Claims) -> tuple[str, str, bool]:
    return claims.user_id, claims.family, claims.kind == "service"
