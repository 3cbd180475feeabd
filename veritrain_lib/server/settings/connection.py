"""A look whether a service answers that this server is configured for; nothing else is ever reached from here."""

from __future__ import annotations

import time
from collections.abc import Set
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.base_url import openai_base
from veritrain_lib.llm.keys import setting
from veritrain_lib.server.api.problems import WrongField
from veritrain_lib.server.auth.hosts import LOOPBACK
from veritrain_lib.server.environment import environment
from veritrain_lib.tracking import store

FIELD = "body.url"
OPENAI = "https://api.openai.com/v1"
MOST_REDIRECTS = 3

Origin = tuple[str, str, int]


@dataclass(frozen=True)
class Connection:
    """Whether it answered, after how many milliseconds, and what was seen."""

    success: bool
    latency: float
    message: str


def allowed_origins() -> set[Origin]:
    """Scheme, host and port of every service that this server is configured for."""
    given = [
        setting("OPENAI_BASE_URL") or OPENAI, setting("AZURE_OPENAI_ENDPOINT") or "", store.uri(),
        *environment().allowed_origins,
    ]  # fmt: skip
    return {origin for url in given if (origin := _origin(url)) is not None}


def own_origins(listens: tuple[str, int] | None, called: str) -> set[Origin]:
    """Return the addresses that are this server itself.

    Args:
        listens: host and port that the server listens on, as ASGI tells it; None where it does not.
        called: the address that the request was sent to, whose host the gatekeeper has let through.

    Returns:
        The loopback names with the port that it listens on, and the name it was called by with that port or with
        those of a proxy in front of it (80, 443); never another port of this machine, whatever a request says.
    """
    if listens is None:
        return set()
    name, port = urlsplit(called).hostname or "", listens[1]
    loopback = {("http", host.strip("[]"), port) for host in LOOPBACK}
    if not name or f"[{name}]" in LOOPBACK or name in LOOPBACK:
        return loopback
    return loopback | {("http", name, port), ("http", name, 80), ("https", name, 443)}


def test(url: str, timeout_s: float, retries: int, own: Set[Origin]) -> Connection:
    """Ask an address of a configured service; any HTTP answer below 500 is a success.

    Raises WrongField for any other address than those of `allowed_origins` and `own`, also one that an answer leads
    on to. No key is sent.
    """
    import httpx2

    allowed = allowed_origins() | own
    place, began = _as_asked(_checked(url, allowed)), time.perf_counter()
    message = ""
    for _ in range(retries + 1):
        began = time.perf_counter()
        try:
            # What a proxy's variable says would be a place that nobody configured here.
            with httpx2.Client(timeout=timeout_s, follow_redirects=False, trust_env=False) as client:
                status = _ask(client, place, allowed)
            return Connection(status < 500, _since(began), f"HTTP {status}")
        except httpx2.TimeoutException:
            message = f"no answer within {timeout_s:g} s"
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
            message = f"not reached ({type(error).__name__})"
    return Connection(False, _since(began), message)


def _as_asked(url: str) -> str:
    """The address of a model service as it is understood where models are asked (`llm/base_url.py`).

    Raises WrongField for one that would be refused there.
    """
    if _origin(url) != _origin(setting("OPENAI_BASE_URL") or OPENAI):
        return url
    try:
        return openai_base(url)
    except UserError as error:
        raise WrongField(FIELD, str(error)) from error


def _ask(client: object, place: str, allowed: Set[Origin]) -> int:
    """The status at an address, or where it leads on to as long as that is configured too."""
    import httpx2

    assert isinstance(client, httpx2.Client)
    status = 0
    for _ in range(MOST_REDIRECTS + 1):
        with client.stream("GET", place) as answer:  # the body is not read
            status = answer.status_code
            further = answer.headers.get("location")
        if not (300 <= status < 400 and further):
            return status
        place = _checked(urljoin(place, further), allowed, " (where the address leads on to)")
    return status


def _checked(url: str, allowed: Set[Origin], which: str = "") -> str:
    if _origin(url) not in allowed or not url.isprintable():
        raise WrongField(
            FIELD,
            f"this address{which} is none of the services that the server is configured for: the model endpoints "
            "(OPENAI_BASE_URL, AZURE_OPENAI_ENDPOINT), the MLflow store, ALLOWED_ORIGINS and the server itself",
        )
    return url


def _origin(url: str) -> Origin | None:
    """Scheme, host and port; None for what is no plain web address."""
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or "\\" in url:
        return None
    return parts.scheme, parts.hostname.lower(), port or (443 if parts.scheme == "https" else 80)


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
