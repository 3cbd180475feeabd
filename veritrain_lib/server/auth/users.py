"""The accounts. What takes rights away counts at once in this process, and within seconds in its neighbours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from veritrain_lib.server.api.problems import Conflict, NotFound, WrongField
from veritrain_lib.server.auth import passwords, token_validity
from veritrain_lib.server.auth.roles import ROLES
from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Preference, Token, User, now

EMAIL = r"^[^@\x00-\x20\x7f]{1,64}@[^@\x00-\x20\x7f]{1,189}$"


def email_key(email: str) -> str:
    """An address as accounts are known by: two that differ in case only are one."""
    return email.strip().lower()


def add(email: str, password: str, role: str, name: str = "") -> User:
    """A new account. Raises WrongField for what can't be, Conflict when the address has one already."""
    key = email_key(email)
    if not re.match(EMAIL, key):
        raise WrongField("email", f"{email!r} is no e-mail address")
    made = User(
        id=uuid4().hex, email=key, name=name.strip(), password=passwords.hashed(password), role=_role(role),
        is_active=True, created_at=now(),
    )  # fmt: skip
    try:
        with session() as opened:
            opened.add(made)
    except IntegrityError:
        raise Conflict(f"there is an account for {key} already") from None
    return made


def page(offset: int = 0, size: int = 10_000) -> tuple[Sequence[User], int]:
    """Accounts in the order of their addresses, and how many there are in all."""
    with session() as opened:
        total = opened.scalar(select(func.count()).select_from(User)) or 0
        return opened.scalars(select(User).order_by(User.email).offset(offset).limit(size)).all(), total


def by_email(email: str) -> User:
    """The account of an address. Raises NotFound."""
    with session() as opened:
        found = opened.scalar(select(User).where(User.email == email_key(email)))
    if found is None:
        raise NotFound(f"there is no account for {email_key(email)}")
    return found


def change(
    user_id: str, *, role: str | None = None, active: bool | None = None, name: str | None = None
) -> User:
    """Another role, another name, shut or opened. Raises NotFound, Conflict for the last active admin."""
    with session() as opened:
        found = _found(opened, user_id)
        if (role is not None and _role(role) != "admin") or active is False:
            _leave_an_admin(opened, found)
        if role is not None:
            found.role = _role(role)
        if active is not None:
            found.is_active = active
        if name is not None:
            found.name = name.strip()
    token_validity.forget()
    return found


def set_password(user_id: str, password: str, *, spare_family: str = "", field: str = "password") -> None:
    """A new password. Every login and every service token of the account ends, except the login `spare_family`."""
    kept = passwords.hashed(password, field)
    with session() as opened:
        _found(opened, user_id).password = kept
        for token in opened.scalars(
            select(Token).where(
                Token.user_id == user_id,
                Token.family != spare_family,
                Token.revoked_at.is_(None),
            )
        ):
            token.revoked_at = now()
    token_validity.forget()


def remove(user_id: str) -> None:
    """Take an account away, with its tokens and preferences. Raises NotFound, Conflict for the last active admin."""
    with session() as opened:
        found = _found(opened, user_id)
        _leave_an_admin(opened, found)
        # SQLite looks at foreign keys only when it is asked to.
        opened.execute(delete(Token).where(Token.user_id == user_id))
        opened.execute(delete(Preference).where(Preference.user_id == user_id))
        opened.delete(found)
    token_validity.forget()


def _found(opened: Session, user_id: str) -> User:
    found = opened.get(User, user_id) if "\x00" not in user_id else None
    if found is None:
        raise NotFound(f"there is no account {user_id!r}")
    return found


def _role(role: str) -> str:
    if role not in ROLES:
        raise WrongField("role", f"{role!r} is no role; there are {', '.join(ROLES)}")
    return role


def _leave_an_admin(opened: Session, leaving: User) -> None:
    if leaving.role != "admin" or not leaving.is_active:
        return
    # Locked by a write that changes nothing, in SQLite too, so that two admins who dismiss each other at the same
    # moment don't both succeed.
    admins = (User.role == "admin", User.is_active.is_(True))
    opened.execute(update(User).where(*admins).values(role=User.role))
    if set(opened.scalars(select(User.id).where(*admins))) <= {leaving.id}:
        raise Conflict("this is the last active admin; make another account admin first")
