"""Signed tokens: JSON Web Tokens with HMAC-SHA256 and a key derived from SECRET_KEY."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from typing import Literal

import jwt

from veritrain_lib.server.environment import environment
from veritrain_lib.server.http.problems import Conflict

Kind = Literal["access", "refresh", "service"]

ALGORITHM = "HS256"
ISSUER = "veritrain"
AUDIENCE = "veritrain-server"
KEY_PURPOSE = b"veritrain tokens, first key"
"""Context of the key derivation; SECRET_KEY itself signs nothing."""

MAX_LENGTH = 4096
"""Characters of a token at most; ours have some 350."""

REQUIRED_CLAIMS = ["iss", "aud", "sub", "iat", "exp", "jti", "typ", "fam"]


@dataclass(frozen=True)
class Claims:
    """Claims of a token that this server signed.

    Attributes:
        kind: Access, refresh or service token.
        user_id: Id of the account.
        token_id: Id of the token.
        family: Token family that the token is revoked with.
        expires_at: Seconds since 1970.
    """

    kind: Kind
    user_id: str
    token_id: str
    family: str
    expires_at: int


class InvalidToken(Exception):
    """The text is not a token of this server, is not for this use, or has expired."""


def sign(kind: Kind, user_id: str, token_id: str, family: str, lifetime_s: int) -> str:
    """Return a signed token.

    Args:
        kind: Access, refresh or service token.
        user_id: Id of the account.
        token_id: Id of the token.
        family: Token family that the token is revoked with.
        lifetime_s: Seconds until it expires.

    Raises:
        Conflict: SECRET_KEY is not set.
    """
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
    """Return the claims of a token.

    Raises:
        InvalidToken: The token is not ours, not of one of `kinds`, or has expired.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidToken("too long for a token")
    try:
        payload = jwt.decode(
            text,
            _key(),
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": REQUIRED_CLAIMS},
        )
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise InvalidToken("not a token of this server, or an expired one") from error
    if payload["typ"] not in kinds or not isinstance(payload["fam"], str):
        raise InvalidToken(f"not a token for this use ({' or '.join(kinds)})")
    return Claims(payload["typ"], payload["sub"], payload["jti"], payload["fam"], int(payload["exp"]))


def _key() -> bytes:
    secret = environment().secret_key
    if secret is None:
        raise Conflict("SECRET_KEY is not set: nobody signs in here, and there are no tokens")
    return hmac.digest(secret.get_secret_value().encode(), KEY_PURPOSE, "sha256")
