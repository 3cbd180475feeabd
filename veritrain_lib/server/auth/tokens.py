"""Signed tokens of logins and services: JSON Web Tokens with HMAC-SHA256 and a key derived from `SECRET_KEY`."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from typing import Literal

import jwt

from veritrain_lib.server.environment import environment
from veritrain_lib.server.http.problems import Conflict

Kind = Literal["access", "refresh", "service"]
"""Kind of token: `access` for requests, `refresh` to renew a login, `service` for programs."""

ALGORITHM = "HS256"
ISSUER = "veritrain"
AUDIENCE = "veritrain-server"
KEY_PURPOSE = b"veritrain tokens, first key"
"""Text from which, with `SECRET_KEY`, the signing key is derived; `SECRET_KEY` itself signs nothing."""

MAX_LENGTH = 4096
"""Maximum number of characters of a token that is read; our own have about 350."""

REQUIRED_CLAIMS = ["iss", "aud", "sub", "iat", "exp", "jti", "typ", "fam"]
"""Names of the claims (fields) that each JSON Web Token must contain."""


@dataclass(frozen=True)
class Claims:
    """Content of a token that this server signed.

    Attributes:
        kind: Access, refresh or service token.
        user_id: Id of the account.
        token_id: Id of the token.
        family: Id that all tokens of one login share, and by which they are revoked together.
        expires_at: Time of expiry in seconds since 1970.
    """

    kind: Kind
    user_id: str
    token_id: str
    family: str
    expires_at: int


class InvalidToken(Exception):
    """Exception: a text is not a token of this server, is not of the expected kind, or has expired."""


def sign(kind: Kind, user_id: str, token_id: str, family: str, lifetime_s: int) -> str:
    """Return a signed token as text.

    Args:
        kind: Access, refresh or service token.
        user_id: Id of the account.
        token_id: Id of the token.
        family: Id that all tokens of one login share, and by which they are revoked together.
        lifetime_s: Seconds until the token expires.

    Raises:
        Conflict: `SECRET_KEY` is not set.
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
    """Check a token's signature and expiry, and return its content.

    Args:
        text: The token.
        *kinds: Kinds of token that are accepted.

    Raises:
        InvalidToken: The token was not signed by this server, is of another kind, or has expired.
        Conflict: `SECRET_KEY` is not set.
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
    """Return the signing key, derived from `SECRET_KEY`; raise Conflict if that is not set."""
    secret = environment().secret_key
    if secret is None:
        raise Conflict("SECRET_KEY is not set: nobody signs in here, and there are no tokens")
    return hmac.digest(secret.get_secret_value().encode(), KEY_PURPOSE, "sha256")
