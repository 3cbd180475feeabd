"""Whether what was once given out still holds: the account is active, its login or service token not revoked.

The tables are asked, and the answer is remembered for a few seconds: a page of the MLflow UI asks dozens of things.
"""

from __future__ import annotations

import time

from sqlalchemy import select

from veritrain_lib.server.auth.principal import Caller
from veritrain_lib.server.auth.roles import ROLES
from veritrain_lib.server.auth.tokens import Claims
from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Token, User, now

REMEMBERED_S = 3.0
MOST_REMEMBERED = 10_000

_remembered: dict[tuple[str, str, bool], tuple[float, Caller | None]] = {}


def remembered(claims: Claims) -> tuple[Caller | None] | None:
    """What was found a moment ago, in a tuple; None when the tables must be asked."""
    found = _remembered.get(_key(claims))
    return (found[1],) if found is not None and time.monotonic() - found[0] < REMEMBERED_S else None


def look_up(claims: Claims) -> Caller | None:
    """The caller of a token that is ours, as the tables say now; None when it holds no more."""
    asked_at = time.monotonic()
    service = claims.kind == "service"
    with session() as opened:
        user = opened.scalar(
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
    found = None if user is None else caller_of(user, claims.family, service=service)
    if len(_remembered) >= MOST_REMEMBERED:
        _remembered.clear()
    _remembered[_key(claims)] = (asked_at, found)
    return found


def caller_of(user: User, family: str, *, service: bool = False) -> Caller:
    """An account as a caller. A role that is none counts as the least one."""
    role = next((one for one in ROLES if one == user.role), ROLES[0])
    return Caller(user.id, user.email, role, "service" if service else "session", family)


def forget() -> None:
    """After any change of accounts and tokens."""
    _remembered.clear()


def _key(claims: Claims) -> tuple[str, str, bool]:
    return claims.user_id, claims.family, claims.kind == "service"
