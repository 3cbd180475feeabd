"""The SDK: its HTTP client for the fast path, its own client for everything that is not a chat completion.

The SDK's `chat.completions.create` parses every answer into pydantic objects, retries on its own and costs
about 1.5 ms of CPU a call. Chat completions go through the HTTP client that the SDK brings for aiohttp, with
the SDK's addresses and headers, and come back as bytes: the ledger wants them raw anyway.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlencode

from veritrain_lib.llm.keys import Hider, key_of
from veritrain_lib.llm.records import Endpoint

if TYPE_CHECKING:
    import openai


@dataclass(frozen=True)
class Received:
    """An HTTP answer: `status` 0 means that none came; then `sent` says whether the service may have worked."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] | None = None
    reason: str = ""
    sent: bool = True


class Connection:
    """A pool of connections to one endpoint; use it as an asynchronous context."""

    def __init__(self, endpoint: Endpoint, *, at_once: int, timeout: float) -> None:
        import aiohttp
        import httpx2
        import openai

        self._hide = Hider()
        self._http = openai.DefaultAioHttpClient(
            verify=_trust(),
            timeout=httpx2.Timeout(timeout, connect=min(timeout, 15.0)),
            limits=httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once),
            # A place that another one leads on to is not where the key was meant to go.
            follow_redirects=False,
        )
        sdk = open_sdk(endpoint, asynchronous=True, http_client=self._http)
        self._errors: tuple[type[Exception], ...] = (httpx2.HTTPError, OSError)
        # The SDK's transport calls a connection that broke after the request was sent a connect timeout; only
        # aiohttp's own error underneath tells the two apart.
        self._not_sent = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
        path, query = "chat/completions", ""
        if endpoint.provider == "azure" and endpoint.api_version is not None:
            path = f"deployments/{quote(endpoint.model, safe='')}/{path}"
            query = f"?{urlencode({'api-version': endpoint.api_version})}"
        self._url = httpx2.URL(f"{str(sdk.base_url).rstrip('/')}/{path}{query}")
        # Without the SDK's telemetry headers: each costs its share of every request.
        headers = {
            name: value
            for name, value in sdk.default_headers.items()
            if isinstance(value, str) and not name.startswith("X-Stainless")
        }
        name = "api-key" if endpoint.provider == "azure" else "Authorization"
        headers[name] = key_of(endpoint) if name == "api-key" else f"Bearer {key_of(endpoint)}"
        self._http.headers.update(headers)

    @property
    def url(self) -> str:
        """Where chat completions are asked for."""
        return str(self._url)

    async def chat(self, body: bytes) -> Received:
        """Send one chat completion, once. Never raises for what the network or the service does."""
        try:
            answer = await self._http.post(self._url, content=body)
        except self._errors as error:
            first = error.__cause__ or error
            reason = f"{type(first).__name__}: {first}" if str(first) else type(first).__name__
            return Received(0, reason=self._hide(reason), sent=not isinstance(first, self._not_sent))
        return Received(answer.status_code, answer.content, answer.headers)

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()


@cache
def _trust() -> ssl.SSLContext:
    """The certificates the SDK would trust, read once: reading them takes longer than a short batch."""
    import httpx2

    return httpx2.create_ssl_context()


def open_client(endpoint: Endpoint, *, retries: int = 4, timeout: float = 120.0) -> openai.OpenAI:
    """The SDK's own synchronous client for an endpoint: files, fine-tuning jobs, models.

    Chat completions asked through it pass ledger, pace and budget by; use `chat.open_chat` for those.
    """
    client: openai.OpenAI = open_sdk(endpoint, asynchronous=False, max_retries=retries, timeout=timeout)
    return client


def open_sdk(endpoint: Endpoint, *, asynchronous: bool, **options: object) -> openai.OpenAI:
    """The SDK's client class that fits an endpoint, with the key from the environment."""
    import openai

    settings: dict[str, object] = {"api_key": key_of(endpoint), **options}
    if not asynchronous:
        settings.setdefault("http_client", openai.DefaultHttpxClient(follow_redirects=False))
    kind: Literal["OpenAI", "AzureOpenAI"] = "OpenAI"
    if endpoint.provider == "azure" and endpoint.api_version is not None:
        kind = "AzureOpenAI"
        settings |= {"azure_endpoint": endpoint.base_url, "api_version": endpoint.api_version}
    elif endpoint.provider == "azure":
        settings |= {
            "base_url": f"{endpoint.base_url}/openai/v1",
            "default_headers": {"api-key": key_of(endpoint)},
        }
    else:
        settings |= {"base_url": endpoint.base_url}
    made: openai.OpenAI = getattr(openai, f"Async{kind}" if asynchronous else kind)(**settings)
    return made
