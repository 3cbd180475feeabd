"""Test of the connection to a service with which the server is configured; no other address is ever contacted."""

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
"""Field of the request that holds the address, for error messages."""
DEFAULT_BASE_URL = "https://api.openai.com/v1"
"""Address of the model service if the setting `OPENAI_BASE_URL` is not set."""
MAX_REDIRECTS = 3
"""Maximum number of redirects that are followed."""

Origin = tuple[str, str, int]
"""Scheme, host and port of a web address."""


@dataclass(frozen=True)
class ConnectionResult:
    """Result of a connection test.

    Attributes:
        success: Whether the service answered with an HTTP status below 500.
        latency: Time until the answer, in milliseconds.
        message: HTTP status or error.
    """

    success: bool
    latency: float
    message: str


def allowed_origins() -> set[Origin]:
    """Return scheme, host and port of each configured service: model services, tracking store, allowed web origins."""
    urls = [
        setting("OPENAI_BASE_URL") or DEFAULT_BASE_URL, setting("AZURE_OPENAI_ENDPOINT") or "", store.uri(),
        *environment().allowed_origins,
    ]  # fmt: skip
    return {origin for url in urls if (origin := _origin(url)) is not None}


def server_origins(bound_to: tuple[str, int] | None, base_url: str) -> set[Origin]:
    """Return the addresses of this server itself, whose connection may be tested too.

    Args:
        bound_to: Host and port on which the server listens, from the ASGI scope; None if it is not known.
        base_url: Address to which the request was sent; the gatekeeper has checked its host.

    Returns:
        The loopback names with the server's port. If the request named another host, also that host with the server's
        port and with the usual ports of a proxy (80, 443). No other port of this machine can be tested.
    """
    if bound_to is None:
        return set()
    name, port = urlsplit(base_url).hostname or "", bound_to[1]
    loopback_origins = {("http", host.strip("[]"), port) for host in LOOPBACK}
    if not name or f"[{name}]" in LOOPBACK or name in LOOPBACK:
        return loopback_origins
    return loopback_origins | {("http", name, port), ("http", name, 80), ("https", name, 443)}


def test_service(url: str, timeout_s: float, retries: int, server_addresses: Set[Origin]) -> ConnectionResult:
    """Test the connection to a configured service by an HTTP GET request, without sending a key.

    The result is a success for any HTTP status below 500. A service that does not answer is a failed result, not an
    exception.

    Args:
        url: Address of the service.
        timeout_s: Longest duration of each attempt in seconds.
        retries: Number of attempts after a failed first one.
        server_addresses: Addresses of this server itself.

    Raises:
        WrongField: The address, or one to which it redirects, is not a configured service.
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
    """Return the URL of a model service in the form that the model client uses (`llm/base_url.py`).

    Any other URL is returned unchanged.

    Raises:
        WrongField: The model client would reject the URL.
    """
    if _origin(url) != _origin(setting("OPENAI_BASE_URL") or DEFAULT_BASE_URL):
        return url
    try:
        return openai_base(url)
    except UserError as error:
        raise WrongField(FIELD, str(error)) from error


def _get_status(client: object, url: str, allowed: Set[Origin]) -> int:
    """Return the HTTP status of an address; redirects are followed, but only to configured services."""
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
    """Return a URL if its origin is allowed; raise WrongField otherwise."""
    if _origin(url) not in allowed or not url.isprintable():
        raise WrongField(
            FIELD,
            f"this address{note} is none of the services that the server is configured for: the model endpoints "
            "(OPENAI_BASE_URL, AZURE_OPENAI_ENDPOINT), the MLflow store, ALLOWED_ORIGINS and the server itself",
        )
    return url


def _origin(url: str) -> Origin | None:
    """Return scheme, host and port of a web address; None if the text is not a plain http or https URL."""
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or "\\" in url:
        return None
    return parts.scheme, parts.hostname.lower(), port or (443 if parts.scheme == "https" else 80)


def _milliseconds_since(started: float) -> float:
    """Return the milliseconds that have passed since a value of `time.perf_counter()`."""
    return round((time.perf_counter() - started) * 1000, 3)
