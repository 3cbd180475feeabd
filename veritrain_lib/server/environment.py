"""Settings of the server's machine, from environment variables and `.env`; see docs/settings.md."""

from __future__ import annotations

import ipaddress
from functools import cache

from pydantic import BaseModel, ConfigDict, SecretStr

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.keys import setting
from veritrain_lib.server.link_token import link_token

SHORTEST_SECRET_KEY = 32
"""Characters at least; an HMAC key shorter than its 256-bit hash weakens the signature (RFC 7518, section 3.2)."""

PORT = 8000

UPLOAD_MB = 100

ARTIFACT_MB = 2000


class Environment(BaseModel):
    """Settings that the server was started with.

    Attributes:
        secret_key: Key that signs tokens; None for local use without a login.
        link_token: Token that every request must carry where there are no logins; None if none is needed.
        redis_url: Redis in which rate limits are counted for several machines; None counts in this process.
        allowed_origins: Other origins whose pages may call the API, such as `http://localhost:5173`.
        allowed_hosts: Names by which the server may be called beside the loopback ones; `*` for any.
        upload_mb: Largest upload in megabytes.
        artifact_mb: Largest artifact that MLflow's client may upload, in megabytes.
        rate_limit: Requests per minute of one user or address, 0 for no limit.
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
    def requires_credentials(self) -> bool:
        """Return whether a request must carry a login, or the token of the access link."""
        return self.secret_key is not None or self.link_token is not None

    @property
    def needs_login(self) -> bool:
        """Return whether every request needs a login."""
        return self.secret_key is not None


@cache
def environment() -> Environment:
    """Return the settings, read once per process.

    Raises:
        UserError: The secret is too short, or a number is not valid.
        Infrastructure: The token of the access link can't be stored.
    """
    secret = setting("SECRET_KEY")
    if secret is not None and len(secret) < SHORTEST_SECRET_KEY:
        raise UserError(
            f"SECRET_KEY has {len(secret)} characters; it needs {SHORTEST_SECRET_KEY} or more, "
            'for example from: python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    return Environment(
        secret_key=SecretStr(secret) if secret else None,
        link_token=None if secret else SecretStr(link_token()),
        redis_url=setting("REDIS_URL"),
        allowed_origins=_list_setting("ALLOWED_ORIGINS"),
        allowed_hosts=_list_setting("ALLOWED_HOSTS"),
        upload_mb=_integer_setting("VERITRAIN_UPLOAD_MB", UPLOAD_MB),
        artifact_mb=_integer_setting("VERITRAIN_ARTIFACT_MB", ARTIFACT_MB),
        rate_limit=_integer_setting("VERITRAIN_RATE_LIMIT", 600 if secret else 0),
    )


def is_loopback(host: str) -> bool:
    """Return whether an address to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _list_setting(name: str) -> tuple[str, ...]:
    value = (setting(name) or "").strip().strip("[]")
    return tuple(part.strip().strip("\"'").rstrip("/") for part in value.split(",") if part.strip())


def _integer_setting(name: str, default: int) -> int:
    value = setting(name)
    if value is None:
        return default
    if not value.isdecimal():
        raise UserError(f"{name} is {value!r}; a whole number is needed")
    return int(value)
