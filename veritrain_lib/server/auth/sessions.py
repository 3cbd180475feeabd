"""What is given out to people and programs: logins, which renew themselves, and service tokens."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from veritrain_lib.server.api.problems import NotFound
from veritrain_lib.server.auth import passwords, token_validity, tokens
from veritrain_lib.server.auth.principal import Caller
from veritrain_lib.server.auth.rate_limits import Rates
from veritrain_lib.server.auth.refusal import login_needed
from veritrain_lib.server.auth.users import email_key
from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Token, User, now

ACCESS_S = 15 * 60
REFRESH_S = 14 * 24 * 3600
LONGEST_ADDRESS = 255
"""Characters of an address that are looked at; no account has more than 254."""
KEPT_AFTER_EXPIRY = timedelta(days=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Login:
    """The two tokens of a login, and whose it is."""

    access: str
    refresh: str
    caller: Caller


def log_in(email: str, password: str, rates: Rates, address: str) -> Login:
    """A new login from a network address (`rates.client_address`).

    Raises Refusal: 401 in the same words and time for whatever is wrong, 429 after many attempts from the address.
    """
    key = email_key(email)[:LONGEST_ADDRESS]
    rates.count_login(key, address)
    with session() as opened:
        user = opened.scalar(select(User).where(User.email == key)) if "\x00" not in key else None
    right = passwords.fits(password, user.password if user is not None else None)
    if user is None or not right or not user.is_active:
        log.warning("login refused%s", f" for account {user.id}" if user is not None else ": no such account")
        raise login_needed("the e-mail address or the password is wrong")
    rates.forgive_login(key, address)
    with session() as opened:
        opened.execute(delete(Token).where(Token.expires_at < now() - KEPT_AFTER_EXPIRY))
        return _give(opened, user, uuid4().hex)


def renew(text: str, *, overlap_s: float = 0.0) -> Login | Caller:
    """A login's next pair of tokens for its refresh token, which is used up by that.

    A refresh token that comes a second time was stolen, or its thief was first: the whole login ends. Requests
    of one browser that overlap all bring the same: within `overlap_s` seconds of its use it still says who is
    calling, but gives nothing. Raises Refusal (401).
    """
    try:
        claims = tokens.read(text, "refresh")
    except tokens.TokenRefused as refused:
        raise login_needed(f"{refused}") from None
    moment = now()
    with session() as opened:
        # First of all a write that only one of several can make.
        used = opened.execute(
            update(Token)
            .where(
                Token.id == claims.token_id, Token.user_id == claims.user_id, Token.kind == "refresh",
                Token.used_at.is_(None), Token.revoked_at.is_(None), Token.expires_at > moment,
            )
            .values(used_at=moment)
        )  # fmt: skip
        user = opened.get(User, claims.user_id)
        if user is not None and user.is_active:
            if getattr(used, "rowcount", 0) == 1:
                return _give(opened, user, claims.family)
            kept = opened.get(Token, claims.token_id)
            if kept is not None and kept.revoked_at is None and kept.used_at is not None:
                if moment - kept.used_at <= timedelta(seconds=overlap_s):
                    return token_validity.caller_of(user, claims.family)
                log.warning("a refresh token of account %s came twice; its login ends", user.id)
                _revoke(opened, claims.family)
    token_validity.forget()
    raise login_needed("this login has ended; sign in again")


def log_out(family: str) -> None:
    """End a login, or revoke the service token that was called with."""
    with session() as opened:
        _revoke(opened, family)
    token_validity.forget()


def give_service_token(user_id: str, name: str, days: int) -> tuple[Token, str]:
    """A service token of an account and its text, which is kept nowhere. Raises NotFound, Conflict."""
    token_id = uuid4().hex
    text = tokens.sign("service", user_id, token_id, token_id, days * 24 * 3600)
    made = Token(
        id=token_id, user_id=user_id, kind="service", family=token_id, name=name, created_at=now(),
        expires_at=now() + timedelta(days=days),
    )  # fmt: skip
    with session() as opened:
        if "\x00" in user_id or opened.get(User, user_id) is None:
            raise NotFound(f"there is no account {user_id!r}")
        opened.add(made)
    return made, text


def service_tokens(offset: int, size: int) -> tuple[Sequence[tuple[Token, str]], int]:
    """Service tokens that hold, newest first, each with its account's address; and how many there are in all."""
    holds = (Token.kind == "service", Token.revoked_at.is_(None), Token.expires_at > now())
    with session() as opened:
        total = opened.scalar(select(func.count()).select_from(Token).where(*holds)) or 0
        found = opened.execute(
            select(Token, User.email)
            .join(User, User.id == Token.user_id)
            .where(*holds)
            .order_by(Token.created_at.desc(), Token.id)
            .offset(offset)
            .limit(size)
        )
        return [(token, email) for token, email in found], total


def revoke_service_token(token_id: str) -> None:
    """From now on it opens nothing. Raises NotFound."""
    with session() as opened:
        found = opened.get(Token, token_id) if "\x00" not in token_id else None
        if found is None or found.kind != "service" or found.revoked_at is not None:
            raise NotFound(f"there is no service token {token_id!r}")
        found.revoked_at = now()
    token_validity.forget()


def _give(opened: Session, user: User, family: str) -> Login:
    token_id, moment = uuid4().hex, now()
    opened.add(
        Token(
            id=token_id, user_id=user.id, kind="refresh", family=family, created_at=moment,
            expires_at=moment + timedelta(seconds=REFRESH_S),
        )
    )  # fmt: skip
    return Login(
        tokens.sign("access", user.id, uuid4().hex, family, ACCESS_S),
        tokens.sign("refresh", user.id, token_id, family, REFRESH_S),
        token_validity.caller_of(user, family),
    )


def _revoke(opened: Session, family: str) -> None:
    opened.execute(
        update(Token).where(Token.family == family, Token.revoked_at.is_(None)).values(revoked_at=now())
    )
