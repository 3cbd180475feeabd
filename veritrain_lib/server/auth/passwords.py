"""Password hashing with argon2id; a password is never stored or logged."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from veritrain_lib.server.http.problems import WrongField

if TYPE_CHECKING:
    from pwdlib import PasswordHash

MIN_LENGTH = 12
"""Minimum number of characters of a password."""
MAX_LENGTH = 256
"""Maximum number of characters of a password."""


@cache
def _hasher() -> PasswordHash:
    """Return the argon2id hasher of the library pwdlib, with its recommended parameters."""
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


@cache
def _dummy_hash() -> str:
    """Return a hash that no password matches; checking it takes as long as checking a real one."""
    return _hasher().hash("no account has this password")


def hash_password(password: str, field: str = "password") -> str:
    """Return the argon2id hash of a new password.

    Args:
        password: The password, of 12 to 256 characters.
        field: Field of the request that held the password, for the error message.

    Raises:
        WrongField: The password is too short or too long, or contains an unpaired surrogate.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise WrongField(
            field, f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters; this one has {len(password)}"
        )
    return _hasher().hash(_encode(password, field))


def verify_password(password: str, stored_hash: str | None) -> bool:
    """Return whether a password matches a stored hash.

    Args:
        password: The password to check.
        stored_hash: The stored hash; None if there is no such account. The check then takes the same time, so that the
            duration does not reveal which accounts exist.
    """
    encoded = password.encode("utf-8", errors="replace")[: 4 * MAX_LENGTH]
    matches = _hasher().verify(encoded, stored_hash if stored_hash is not None else _dummy_hash())
    return matches and stored_hash is not None


def _encode(password: str, field: str) -> bytes:
    """Return a password as UTF-8 bytes; raise WrongField if it contains an unpaired surrogate."""
    try:
        return password.encode("utf-8")
    except UnicodeEncodeError:
        raise WrongField(field, "the password contains an unpaired surrogate") from None
