"""Passwords: argon2id, and nothing of a password or its hash anywhere else."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from veritrain_lib.server.api.problems import WrongField

if TYPE_CHECKING:
    from pwdlib import PasswordHash

SHORTEST = 12
LONGEST = 256
"""Characters."""


@cache
def _hasher() -> PasswordHash:
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


@cache
def _nobodys() -> str:
    return _hasher().hash("no account has this password")


def hashed(password: str, field: str = "password") -> str:
    """The hash of a new password. Raises WrongField for one that is too short, too long or no text."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise WrongField(
            field, f"a password has {SHORTEST} to {LONGEST} characters; this one has {len(password)}"
        )
    return _hasher().hash(_bytes(password, field))


def fits(password: str, kept: str | None) -> bool:
    """Whether a password is the one that was hashed. For no account at all (None) it takes as long as for one."""
    given = password.encode("utf-8", errors="replace")[: 4 * LONGEST]
    right = _hasher().verify(given, kept if kept is not None else _nobodys())
    return right and kept is not None


def _bytes(password: str, field: str) -> bytes:
    try:
        return password.encode("utf-8")
    except UnicodeEncodeError:
        raise WrongField(field, "the password holds half a character") from None
