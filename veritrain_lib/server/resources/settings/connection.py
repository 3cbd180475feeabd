"""Connection test of a service that the server is configured for; no other address is ever contacted."""

from __future__ import annotations

import time
from collections.abc import Set
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.base_url import openai_base
from veritrain_lib.llm.keys import setting
from veritrain_lib.server.auth.hosts import LOOPBACK
from veritrain_lib.server.environment import environment
from veritrain_lib.server.http.problems import WrongField
from veritrain_lib.tracking import store

FIELD = "body.url"
DEFAULT_BASE_URL = "https://api.openai.com/v1"
MAX_REDIRECTS = 3

Origin = tuple[str, str, int]


@dataclass(frozen=True)
class ConnectionResult:
    """Result of a connection test.

    Attributes:
        success: Whether the service answered.
        latency: Time to the answer in milliseconds.
        message: Status or error.
    """

    success: bool
    latency: float
    message: str


def allowed_origins() -> set[Origin]:
    """Return scheme, host and port of every service that this server is configured for."""
    urls = [
        setting("OPENAI_BASE_URL") or DEFAULT_BASE_URL, setting("AZURE_OPENAI_ENDPOINT") or "", store.uri(),
        *environment().allowed_origins,
    ]  # fmt: skip
    return {origin for url in urls if (origin := _origin(url)) is not None}


def server_origins(bound_to: tuple[str, int] | None, base_url: str) -> set[Origin]:
    """Return the addresses of this server itself.

    Args:
        bound_to: Host and port that the server listens on, from the ASGI scope; None if it does not listen.
        base_url: Address that the request was sent to; the gatekeeper has accepted its host.

    Returns:
        The loopback names with the server's port, and the requested host name with that port or with the ports of a
        proxy in front of it (80, 443); never another port of this machine, whatever a request says.
    """
    if bound_to is None:
        return set()
    name, port = urlsplit(base_url).hostname or "", bound_to[1]
    loopback_origins = {("http", host.strip("[]"), port) for host in LOOPBACK}
    if not name or f"[{name}]" in LOOPBACK or name in LOOPBACK:
        return loopback_origins
    return loopback_origins | {("http", name, port), ("http", name, 80), ("https", name, 443)}


def test_service(url: str, timeout_s: float, retries: int, server_addresses: Set[Origin]) -> ConnectionResult:
    """Send a request to a configured service; any HTTP status below 500 is a success. No key is sent.

    Args:
        url: Address of the service.
        timeout_s: Timeout of each attempt in seconds.
        retries: Attempts after the first one.
        server_addresses: Addresses of this server itself.

    Raises:
        WrongField: The address, or one that it redirects to, is neither in `allowed_origins` nor in `server_addresses`.
    """
    import httpx2

    allowed = allowed_origins() | server_addresses
    target, started = _model_service_url(_require_allowed(url, allowed)), time.perf_counter()
    message = ""
    for _ in range(retries + 1):
        started = time.perf_counter()
        try:
            # A proxy from the environment would be an address that is not configured here.
            with httpx2.Client(timeout=timeout_s, follow_redirects=False, trust_env=False) as client:
                status = _get_status(client, target, allowed)
            return ConnectionResult(status < 500, _milliseconds_since(started), f"HTTP {status}")
        except httpx2.TimeoutException:
            message = f"no answer within {timeout_s:g} s"
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
            message = f"not reached ({type(error).__name__})"
    return ConnectionResult(False, _milliseconds_since(started), message)


def _model_service_url(url: str) -> str:
    """Return the URL of a model service as the model client understands it (`llm/base_url.py`).

    Raises WrongField for a URL that the client would reject.
    """
    if _origin(url) != _origin(setting("OPENAI_BASE_URL") or DEFAULT_BASE_URL):
        return url
    try:
        return openai_base(url)
    except UserError as error:
        raise WrongField(FIELD, str(error)) from error


def _get_status(client: object, url: str, allowed: Set[Origin]) -> int:
    """Return the status of an address; redirects to configured addresses are followed."""
    import httpx2

    assert isinstance(client, httpx2.Client)
    status = 0
    for _ in range(MAX_REDIRECTS + 1):
        with client.stream("GET", url) as response:  # the body is not read
            status = response.status_code
            location = response.headers.get("location")
        if not (300 <= status < 400 and location):
            return status
        url = _require_allowed(urljoin(url, location), allowed, " (the target of a redirect)")
    return status


def _require_allowed(url: str, allowed: Set[Origin], note: str = "") -> str:
    if _origin(url) not in allowed or not url.isprintable():
        raise WrongField(
            FIELD,
            f"this address{note} is none of the services that the server is configured for: the model endpoints "
            "(OPENAI_BASE_URL, AZURE_OPENAI_ENDPOINT), the MLflow store, ALLOWED_ORIGINS and the server itself",
        )
    return url


def _origin(url: str) -> Origin | None:
    """Return scheme, host and port; None if the text is no plain web address."""
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or "\\" in url:
        return None
    return parts.scheme, parts.hostname.lower(), port or (443 if parts.scheme == "https" else 80)


def _milliseconds_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
