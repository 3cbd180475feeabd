"""Password hashing with argon2id; neither a password nor its hash is kept or logged anywhere else."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from veritrain_lib.server.http.problems import WrongField

if TYPE_CHECKING:
    from pwdlib import PasswordHash

MIN_LENGTH = 12
MAX_LENGTH = 256
"""Largest number of characters of a password."""


@cache
def _hasher() -> PasswordHash:
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


@cache
def _dummy_hash() -> str:
    return _hasher().hash("no account has this password")


def hash_password(password: str, field: str = "password") -> str:
    """Return the hash of a new password.

    Raises:
        WrongField: The password is too short, too long or no valid text.
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
        stored_hash: The stored hash; None if there is no such account, which takes the same time.
    """
    encoded = password.encode("utf-8", errors="replace")[: 4 * MAX_LENGTH]
    matches = _hasher().verify(encoded, stored_hash if stored_hash is not None else _dummy_hash())
    return matches and stored_hash is not None


def _encode(password: str, field: str) -> bytes:
    try:
        return password.encode("utf-8")
    except UnicodeEncodeError:
        raise WrongField(field, "the password contains an unpaired surrogate") from None
