"""A look whether a service answers that this server is configured for; nothing else is ever reached from here."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from veritrain_lib.llm.keys import setting
from veritrain_lib.server.api.problems import WrongField
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


def test(url: str, timeout_s: float, retries: int) -> Connection:
    """Ask an address of a configured service; any HTTP answer below 500 is a success.

    Raises WrongField for any other address, also one that an answer leads on to. No key is sent.
    """
    import httpx2

    place, began = _checked(url), time.perf_counter()
    message = ""
    for _ in range(retries + 1):
        began = time.perf_counter()
        try:
            # What a proxy's variable says would be a place that nobody configured here.
            with httpx2.Client(timeout=timeout_s, follow_redirects=False, trust_env=False) as client:
                status = _ask(client, place)
            return Connection(status < 500, _since(began), f"HTTP {status}")
        except httpx2.TimeoutException:
            message = f"no answer within {timeout_s:g} s"
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
            message = f"not reached ({type(error).__name__})"
    return Connection(False, _since(began), message)


def _ask(client: object, place: str) -> int:
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
        place = _checked(urljoin(place, further), " (where the address leads on to)")
    return status


def _checked(url: str, which: str = "") -> str:
    if _origin(url) not in allowed_origins() or not url.isprintable():
        raise WrongField(
            FIELD,
            f"this address{which} is none of the services that the server is configured for: the model endpoints "
            "(OPENAI_BASE_URL, AZURE_OPENAI_ENDPOINT), the MLflow store and ALLOWED_ORIGINS",
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
