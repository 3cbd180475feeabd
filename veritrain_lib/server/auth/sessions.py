"""Logins of people and service tokens of programs: issue, renew and revoke them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from veritrain_lib.server.auth import passwords, token_validity, tokens
from veritrain_lib.server.auth.rate_limits import RateLimits
from veritrain_lib.server.auth.refusal import login_needed
from veritrain_lib.server.auth.users import email_key
from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Token, User, now
from veritrain_lib.server.http.current_user import Principal
from veritrain_lib.server.http.problems import NotFound

ACCESS_S = 15 * 60
"""Lifetime of an access token in seconds: 15 minutes."""
REFRESH_S = 14 * 24 * 3600
"""Lifetime of a refresh token in seconds: 14 days."""
MAX_EMAIL_LENGTH = 255
"""Number of characters of an e-mail address that are compared; an account's address has 254 at most."""
KEPT_AFTER_EXPIRY = timedelta(days=1)
"""Time for which the database row of an expired token is kept."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Login:
    """A user's login: the access token for requests, the refresh token to renew it, and the user."""

    access: str
    refresh: str
    principal: Principal


def log_in(email: str, password: str, rates: RateLimits, address: str) -> Login:
    """Sign a user in by e-mail address and password, and return the new login.

    Args:
        email: E-mail address of the account.
        password: Its password.
        rates: Rate limits of the server.
        address: Network address of the client, from `rate_limits.client_address`.

    Raises:
        Refusal: 401 for a wrong address, a wrong password or a disabled account, always with the same message and
            duration; 429 after too many wrong passwords from this network address.
        Conflict: `SECRET_KEY` is not set.
    """
    key = email_key(email)[:MAX_EMAIL_LENGTH]
    rates.count_login(key, address)
    with session() as database:
        user = database.scalar(select(User).where(User.email == key)) if "\x00" not in key else None
    password_matches = passwords.verify_password(password, user.password if user is not None else None)
    if user is None or not password_matches or not user.is_active:
        log.warning("login refused%s", f" for account {user.id}" if user is not None else ": no such account")
        raise login_needed("the e-mail address or the password is wrong")
    rates.forgive_login(key, address)
    with session() as database:
        database.execute(delete(Token).where(Token.expires_at < now() - KEPT_AFTER_EXPIRY))
        return _issue_login(database, user, uuid4().hex)


def renew(text: str, *, overlap_s: float = 0.0) -> Login | Principal:
    """Return a new pair of tokens in exchange for a login's refresh token, which can be used only once.

    If a refresh token is used a second time, it may have been stolen, so the whole login ends.

    Args:
        text: The refresh token.
        overlap_s: Seconds after its first use during which a refresh token still identifies its user. A browser can
            send several requests with the same token at the same time.

    Returns:
        The new login; only the user if the token was already used at most `overlap_s` seconds ago.

    Raises:
        Refusal: 401, the token is not valid.
        Conflict: `SECRET_KEY` is not set.
    """
    try:
        claims = tokens.read(text, "refresh")
    except tokens.InvalidToken as refused:
        raise login_needed(f"{refused}") from None
    current_time = now()
    with session() as database:
        # The write comes first, since only one of several concurrent requests can make it.
        used = database.execute(
            update(Token)
            .where(
                Token.id == claims.token_id, Token.user_id == claims.user_id, Token.kind == "refresh",
                Token.used_at.is_(None), Token.revoked_at.is_(None), Token.expires_at > current_time,
            )
            .values(used_at=current_time)
        )  # fmt: skip
        user = database.get(User, claims.user_id)
        if user is not None and user.is_active:
            if getattr(used, "rowcount", 0) == 1:
                return _issue_login(database, user, claims.family)
            stored = database.get(Token, claims.token_id)
            if stored is not None and stored.revoked_at is None and stored.used_at is not None:
                if current_time - stored.used_at <= timedelta(seconds=overlap_s):
                    return token_validity.principal_of_user(user, claims.family)
                log.warning("a refresh token of account %s came twice; its login ends", user.id)
                _revoke(database, claims.family)
    token_validity.clear_cache()
    raise login_needed("this login has ended; sign in again")


def log_out(family: str) -> None:
    """End a login or revoke a service token.

    Args:
        family: Id that all tokens of the login share.
    """
    with session() as database:
        _revoke(database, family)
    token_validity.clear_cache()


def issue_service_token(user_id: str, name: str, days: int) -> tuple[Token, str]:
    """Create a service token, by which a program can act as an account.

    Args:
        user_id: Id of the account.
        name: Purpose of the token, chosen by its user.
        days: Days until it expires.

    Returns:
        The token's database row, and its text, which is not stored and so can't be shown again.

    Raises:
        NotFound: There is no such account.
        Conflict: `SECRET_KEY` is not set.
    """
    token_id = uuid4().hex
    text = tokens.sign("service", user_id, token_id, token_id, days * 24 * 3600)
    token = Token(
        id=token_id, user_id=user_id, kind="service", family=token_id, name=name, created_at=now(),
        expires_at=now() + timedelta(days=days),
    )  # fmt: skip
    with session() as database:
        if "\x00" in user_id or database.get(User, user_id) is None:
            raise NotFound(f"there is no account {user_id!r}")
        database.add(token)
    return token, text


def service_tokens(offset: int, size: int) -> tuple[Sequence[tuple[Token, str]], int]:
    """Return a page of the valid service tokens of all accounts, newest first.

    Args:
        offset: Number of tokens before the page.
        size: Maximum number of tokens on the page.

    Returns:
        The tokens, each with its account's e-mail address, and the number of all valid service tokens.
    """
    is_valid = (Token.kind == "service", Token.revoked_at.is_(None), Token.expires_at > now())
    with session() as database:
        total = database.scalar(select(func.count()).select_from(Token).where(*is_valid)) or 0
        rows = database.execute(
            select(Token, User.email)
            .join(User, User.id == Token.user_id)
            .where(*is_valid)
            .order_by(Token.created_at.desc(), Token.id)
            .offset(offset)
            .limit(size)
        )
        return [(token, email) for token, email in rows], total


def revoke_service_token(token_id: str) -> None:
    """Revoke a service token, so that no later request can use it.

    Raises:
        NotFound: There is no service token of this id, or it is revoked already.
    """
    with session() as database:
        token = database.get(Token, token_id) if "\x00" not in token_id else None
        if token is None or token.kind != "service" or token.revoked_at is not None:
            raise NotFound(f"there is no service token {token_id!r}")
        token.revoked_at = now()
    token_validity.clear_cache()


def _issue_login(database: Session, user: User, family: str) -> Login:
    """Sign a new access token and a new refresh token for a user, and store the refresh token's id.

    Args:
        database: Open database session.
        user: The account.
        family: Id that all tokens of this login share.
    """
    token_id, issued_at = uuid4().hex, now()
    database.add(
        Token(
            id=token_id, user_id=user.id, kind="refresh", family=family, created_at=issued_at,
            expires_at=issued_at + timedelta(seconds=REFRESH_S),
        )
    )  # fmt: skip
    return Login(
        tokens.sign("access", user.id, uuid4().hex, family, ACCESS_S),
        tokens.sign("refresh", user.id, token_id, family, REFRESH_S),
        token_validity.principal_of_user(user, family),
    )


def _revoke(database: Session, family: str) -> None:
    """Mark all tokens of a login or service token (those with one `family` id) as revoked."""
    database.execute(
        update(Token).where(Token.family == family, Token.revoked_at.is_(None)).values(revoked_at=now())
    )
