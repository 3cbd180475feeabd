"""Tokens: JSON Web Tokens, signed by HMAC-SHA256 with a key that SECRET_KEY gives."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from typing import Literal

import jwt

from veritrain_lib.server.api.problems import Conflict
from veritrain_lib.server.environment import environment

Kind = Literal["access", "refresh", "service"]

ALGORITHM = "HS256"
ISSUER = "veritrain"
AUDIENCE = "veritrain-server"
PURPOSE = b"veritrain tokens, first key"
"""What the key is derived for; SECRET_KEY itself signs nothing."""

LONGEST = 4096
"""Characters; ours have some 350."""

CLAIMS = ["iss", "aud", "sub", "iat", "exp", "jti", "typ", "fam"]


@dataclass(frozen=True)
class Claims:
    """What a token that we signed says: whose it is (`user_id`), its own id and the family it is revoked with.

    `expires_at` is in seconds since 1970.
    """

    kind: Kind
    user_id: str
    token_id: str
    family: str
    expires_at: int


class TokenRefused(Exception):
    """Not a token of ours, not for this use, or too old."""


def sign(kind: Kind, user_id: str, token_id: str, family: str, lifetime_s: int) -> str:
    """A token. Raises Conflict without SECRET_KEY."""
    now = int(time.time())
    return jwt.encode(
        {
            "iss": ISSUER, "aud": AUDIENCE, "sub": user_id, "iat": now, "exp": now + lifetime_s,
            "jti": token_id, "typ": kind, "fam": family,
        },
        _key(),
        algorithm=ALGORITHM,
    )  # fmt: skip


def read(text: str, *kinds: Kind) -> Claims:
    """What a token says. Raises TokenRefused unless it is ours, of one of the kinds, and has not expired."""
    if len(text) > LONGEST:
        raise TokenRefused("too long for a token")
    try:
        said = jwt.decode(
            text,
            _key(),
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": CLAIMS},
        )
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise TokenRefused("not a token of this server, or an old one") from error
    if said["typ"] not in kinds or not isinstance(said["fam"], str):
        raise TokenRefused(f"not a token for this use ({' or '.join(kinds)})")
    return Claims(said["typ"], said["sub"], said["jti"], said["fam"], int(said["exp"]))


def _key() -> bytes:
    secret = environment().secret_key
    if secret is None:
        raise Conflict("SECRET_KEY is not set: nobody signs in here, and there are no tokens")
    return hmac.digest(secret.get_secret_value().encode(), PURPOSE, "sha256")
