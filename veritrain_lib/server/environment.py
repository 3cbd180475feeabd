"""Settings that are fixed when the server starts, from environment variables and `.env` (see docs/settings.md)."""

from __future__ import annotations

import ipaddress
from functools import cache

from pydantic import BaseModel, ConfigDict, SecretStr

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.keys import setting
from veritrain_lib.server.link_token import link_token

SHORTEST_SECRET_KEY = 32
"""Minimum number of characters of `SECRET_KEY`.

An HMAC key that is shorter than its 256-bit hash weakens the signature (RFC 7518, section 3.2).
"""

PORT = 8000
"""Port on which the server listens by default."""

UPLOAD_MB = 100
"""Default of the setting `VERITRAIN_UPLOAD_MB`: the largest dataset file that can be uploaded, in megabytes."""

ARTIFACT_MB = 2000
"""Default of the setting `VERITRAIN_ARTIFACT_MB`: the largest artifact that MLflow's clients may upload, in MB."""


class Environment(BaseModel):
    """Settings with which the server process was started, such as its secret key, allowed hosts and rate limit.

    Attributes:
        secret_key: Key that signs login tokens; None if the server has no user accounts (local use).
        link_token: Secret that every request must carry on a server without accounts; None if the server has accounts.
        redis_url: URL of the Redis in which several servers count requests together; None to count in this process.
        allowed_origins: Origins other than this server whose web pages may call the API, such as
            `http://localhost:5173`.
        allowed_hosts: Host names by which the server may be called besides localhost; `*` allows any.
        upload_mb: Largest dataset file that can be uploaded, in megabytes.
        artifact_mb: Largest artifact that an MLflow client can upload, in megabytes.
        rate_limit: Maximum number of requests per minute of one user or network address; 0 for no limit.
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
        """Return whether each request must carry a secret: a user's login, or the token of the access link."""
        return self.secret_key is not None or self.link_token is not None

    @property
    def needs_login(self) -> bool:
        """Return whether the server has user accounts, so that each request needs a user's login."""
        return self.secret_key is not None

    @property
    def secret(self) -> str:
        """Return the secret of this project's server: `SECRET_KEY` or, if it is not set, the access link's token."""
        found = self.secret_key or self.link_token
        return found.get_secret_value() if found else ""


@cache
def environment() -> Environment:
    """Return the settings of this server process, which are read once from environment variables and `.env`.

    Raises:
        UserError: `SECRET_KEY` is too short, or the value of a numeric setting is not a whole number.
        Infrastructure: There is no `SECRET_KEY`, and the token of the access link can't be stored in its file.
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
    """Return whether a host name or IP address is a loopback one, which only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _list_setting(name: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated setting, without brackets, quotes and trailing slashes.

    The result is empty if the setting is not set.
    """
    value = (setting(name) or "").strip().strip("[]")
    return tuple(part.strip().strip("\"'").rstrip("/") for part in value.split(",") if part.strip())


def _integer_setting(name: str, default: int) -> int:
    """Return the value of a setting as a whole number from 0, or the default if it is not set.

    Raises:
        UserError: The value is other text.
    """
    value = setting(name)
    if value is None:
        return default
    if not value.isdecimal():
        raise UserError(f"{name} is {value!r}; a whole number is needed")
    return int(value)
