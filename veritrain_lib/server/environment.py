"""Settings of the server's machine, from environment variables and `.env`; see docs/settings.md."""

from __future__ import annotations

import ipaddress
from functools import cache

from pydantic import BaseModel, ConfigDict, SecretStr

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.keys import setting

SHORTEST_SECRET_KEY = 32
"""Characters; an HMAC key shorter than its 256-bit hash weakens the signature (RFC 7518, section 3.2)."""

PORT = 8000

UPLOAD_MB = 100

ARTIFACT_MB = 2000


class Environment(BaseModel):
    """What the server was started with.

    Attributes:
        secret_key: signs tokens; None for local use without a login.
        link_token: what everybody has to bring where there are no logins; None asks for nothing.
        redis_url: where rate limits are counted for several machines; None counts in this process.
        allowed_origins: pages of other origins that may call the API, such as `http://localhost:5173`.
        allowed_hosts: names by which the server may be called beside the loopback ones; `*` for any.
        upload_mb: largest upload in megabytes.
        artifact_mb: largest artifact that MLflow's client may upload, in megabytes.
        rate_limit: requests per minute and caller, 0 for no limit.
    """

    model_config = ConfigDict(frozen=True)

    secret_key: SecretStr | None = None
    link_token: SecretStr | None = None
    redis_url: str | None = None
    allowed_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    upload_mb: int = UPLOAD_MB
    artifact_mb: int = ARTIFACT_MB
    rate_limit: int = 0

    @property
    def asks_who(self) -> bool:
        """Whether a request must show a login, or the token of the server's link."""
        return self.secret_key is not None or self.link_token is not None

    @property
    def needs_login(self) -> bool:
        """Whether anything is answered only after a login."""
        return self.secret_key is not None


@cache
def environment() -> Environment:
    """Read once a process. Raises UserError for a secret that is too short or a number that is none, and Infrastructure
    where the token of the link can't be kept."""
    secret = setting("SECRET_KEY")
    if secret is not None and len(secret) < SHORTEST_SECRET_KEY:
        raise UserError(
            f"SECRET_KEY has {len(secret)} characters; it needs {SHORTEST_SECRET_KEY} or more, "
            'for example from: python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    from veritrain_lib.server.auth import access_link

    return Environment(
        secret_key=SecretStr(secret) if secret else None,
        link_token=None if secret else SecretStr(access_link.token()),
        redis_url=setting("REDIS_URL"),
        allowed_origins=_several("ALLOWED_ORIGINS"),
        allowed_hosts=_several("ALLOWED_HOSTS"),
        upload_mb=_number("VERITRAIN_UPLOAD_MB", UPLOAD_MB),
        artifact_mb=_number("VERITRAIN_ARTIFACT_MB", ARTIFACT_MB),
        rate_limit=_number("VERITRAIN_RATE_LIMIT", 600 if secret else 0),
    )


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _several(name: str) -> tuple[str, ...]:
    given = (setting(name) or "").strip().strip("[]")
    return tuple(part.strip().strip("\"'").rstrip("/") for part in given.split(",") if part.strip())


def _number(name: str, default: int) -> int:
    given = setting(name)
    if given is None:
        return default
    if not given.isdecimal():
        raise UserError(f"{name} is {given!r}; a whole number is needed")
    return int(given)
