"""User accounts of the server: add, list, change and delete them.

A change that removes rights takes effect at once in this process, and within 3 seconds in the server's other processes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from veritrain_lib.server.auth import passwords, token_validity
from veritrain_lib.server.auth.roles import ROLES
from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Preference, Token, User, now
from veritrain_lib.server.http.problems import Conflict, NotFound, WrongField

EMAIL = r"^[^@\x00-\x20\x7f]{1,64}@[^@\x00-\x20\x7f]{1,189}$"
"""Regular expression for a valid e-mail address."""


def email_key(email: str) -> str:
    """Return an e-mail address in lower case without surrounding spaces, the form in which addresses are compared."""
    return email.strip().lower()


def add(email: str, password: str, role: str, name: str = "") -> User:
    """Add a user account and return it.

    Args:
        email: E-mail address, by which the user signs in.
        password: Password of 12 to 256 characters.
        role: `viewer`, `editor` or `admin`.
        name: Displayed name.

    Raises:
        WrongField: The e-mail address, the password or the role is not valid.
        Conflict: There is already an account with this e-mail address.
    """
    key = email_key(email)
    if not re.match(EMAIL, key):
        raise WrongField("email", f"{email!r} is not an e-mail address")
    user = User(
        id=uuid4().hex, email=key, name=name.strip(), password=passwords.hash_password(password), role=_checked_role(role),
        is_active=True, created_at=now(),
    )  # fmt: skip
    try:
        with session() as database:
            database.add(user)
    except IntegrityError:
        raise Conflict(f"there is an account for {key} already") from None
    return user


def page(offset: int = 0, size: int = 10_000) -> tuple[Sequence[User], int]:
    """Return a page of the user accounts, sorted by e-mail address, and the number of all accounts.

    Args:
        offset: Number of accounts before the page.
        size: Maximum number of accounts on the page.
    """
    with session() as database:
        total = database.scalar(select(func.count()).select_from(User)) or 0
        return database.scalars(select(User).order_by(User.email).offset(offset).limit(size)).all(), total


def by_email(email: str) -> User:
    """Return the user account with an e-mail address; case is ignored.

    Raises:
        NotFound: There is no such account.
    """
    with session() as database:
        user = database.scalar(select(User).where(User.email == email_key(email)))
    if user is None:
        raise NotFound(f"there is no account for {email_key(email)}")
    return user


def change(
    user_id: str, *, role: str | None = None, active: bool | None = None, name: str | None = None
) -> User:
    """Change the role or the name of a user account, or disable or enable it, and return the changed account.

    Args:
        user_id: Id of the account.
        role: New role; None to keep it.
        active: False to disable the account, True to enable it, None to leave it as it is.
        name: New displayed name; None to keep it.

    Raises:
        NotFound: There is no such account.
        WrongField: There is no such role.
        Conflict: No active admin would be left.
    """
    with session() as database:
        user = _get(database, user_id)
        if (role is not None and _checked_role(role) != "admin") or active is False:
            _keep_an_admin(database, user)
        if role is not None:
            user.role = _checked_role(role)
        if active is not None:
            user.is_active = active
        if name is not None:
            user.name = name.strip()
    token_validity.clear_cache()
    return user


def set_password(user_id: str, password: str, *, spare_family: str = "", field: str = "password") -> None:
    """Set a user's new password, and end all logins and service tokens of the account.

    Args:
        user_id: Id of the account.
        password: The new password.
        spare_family: Family id of the one login that goes on; empty to end all.
        field: Field of the request that held the password, for the error message.

    Raises:
        WrongField: The password is too short, too long or not valid text.
        NotFound: There is no such account.
    """
    password_hash = passwords.hash_password(password, field)
    with session() as database:
        _get(database, user_id).password = password_hash
        for token in database.scalars(
            select(Token).where(
                Token.user_id == user_id,
                Token.family != spare_family,
                Token.revoked_at.is_(None),
            )
        ):
            token.revoked_at = now()
    token_validity.clear_cache()


def remove(user_id: str) -> None:
    """Delete a user account with its tokens and preferences.

    Raises:
        NotFound: There is no such account.
        Conflict: It is the only active admin.
    """
    with session() as database:
        user = _get(database, user_id)
        _keep_an_admin(database, user)
        # SQLite enforces foreign keys only when told to.
        database.execute(delete(Token).where(Token.user_id == user_id))
        database.execute(delete(Preference).where(Preference.user_id == user_id))
        database.delete(user)
    token_validity.clear_cache()


def _get(database: Session, user_id: str) -> User:
    """Return the account of an id; raise NotFound if there is none."""
    user = database.get(User, user_id) if "\x00" not in user_id else None
    if user is None:
        raise NotFound(f"there is no account {user_id!r}")
    return user


def _checked_role(role: str) -> str:
    """Return the given role; raise WrongField if there is no such role."""
    if role not in ROLES:
        raise WrongField("role", f"{role!r} is not a role; the roles are {', '.join(ROLES)}")
    return role


def _keep_an_admin(database: Session, leaving: User) -> None:
    """Raise Conflict if an account that is about to lose its rights is the only active admin."""
    if leaving.role != "admin" or not leaving.is_active:
        return
    # A write that changes nothing locks the rows, in SQLite too, so that two admins who remove each other at the same
    # moment don't both succeed.
    admins = (User.role == "admin", User.is_active.is_(True))
    database.execute(update(User).where(*admins).values(role=User.role))
    if set(database.scalars(select(User.id).where(*admins))) <= {leaving.id}:
        raise Conflict("this is the last active admin; make another account admin first")
