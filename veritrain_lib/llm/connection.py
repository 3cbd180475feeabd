"""Connections to chat services: a fast one for chat completions, and the openai SDK's client for everything else.

The SDK's `chat.completions.create` parses every answer into pydantic objects, retries on its own and costs
about 1.5 ms of CPU per call. Chat completions therefore use the SDK's aiohttp client directly, with the SDK's
URLs and headers, and return bytes, which the ledger stores as they are.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING

from veritrain_lib.llm.keys import KeyRedactor, key_of
from veritrain_lib.llm.providers import PROVIDERS
from veritrain_lib.llm.records import Endpoint

if TYPE_CHECKING:
    import openai


@dataclass(frozen=True)
class HttpResponse:
    """HTTP response of a chat service to one request, or the reason why there was none.

    Attributes:
        status: HTTP status code; 0 when no response came.
        body: Body of the response.
        headers: Headers of the response; None when no response came.
        reason: Reason why no response came; empty if one came.
        sent: Whether the service may have processed the request although no response came.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] | None = None
    reason: str = ""
    sent: bool = True


class ChatConnection:
    """Pool of HTTP connections to one chat endpoint, to be used as an asynchronous context manager."""

    def __init__(self, endpoint: Endpoint, *, at_once: int, timeout: float) -> None:
        import aiohttp
        import httpx2
        import openai

        self._redact = KeyRedactor()
        self._http = openai.DefaultAioHttpClient(
            verify=_ssl_context(),
            timeout=httpx2.Timeout(timeout, connect=min(timeout, 15.0)),
            limits=httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once),
            # The key must not be sent to the target of a redirect.
            follow_redirects=False,
        )
        sdk = open_sdk(endpoint, asynchronous=True, http_client=self._http)
        self._errors: tuple[type[Exception], ...] = (httpx2.HTTPError, OSError)
        # The SDK's transport reports a connection that broke after the request was sent as a connect timeout; only
        # aiohttp's error underneath distinguishes the two.
        self._not_sent = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
        self._provider = PROVIDERS[endpoint.provider]
        self._url = httpx2.URL(f"{str(sdk.base_url).rstrip('/')}/{self._provider.chat_path(endpoint)}")
        # Without the SDK's telemetry headers: each costs time in every request.
        headers = {
            name: value
            for name, value in sdk.default_headers.items()
            if isinstance(value, str) and not name.startswith("X-Stainless")
        }
        self._http.headers.update({**headers, **self._provider.key_headers(key_of(endpoint))})

    @property
    def url(self) -> str:
        """The URL to which chat completions are posted."""
        return str(self._url)

    async def chat(self, body: bytes) -> HttpResponse:
        """Send one chat completion request without retries.

        A failure of the network or the service is returned as a response, never raised.

        Args:
            body: The request's JSON as bytes.
        """
        try:
            answer = await self._http.post(self._url, content=self._provider.to_wire(body))
        except self._errors as error:
            cause = error.__cause__ or error
            reason = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
            return HttpResponse(0, reason=self._redact(reason), sent=not isinstance(cause, self._not_sent))
        content = self._provider.from_wire(answer.content)
        return HttpResponse(answer.status_code, content, answer.headers)

    async def __aenter__(self) -> ChatConnection:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()


@cache
def _ssl_context() -> ssl.SSLContext:
    """Return the SSL context with the SDK's certificates, cached because reading them is slow."""
    import httpx2

    return httpx2.create_ssl_context()


def open_client(endpoint: Endpoint, *, retries: int = 4, timeout: float = 120.0) -> openai.OpenAI:
    """Return the openai SDK's synchronous client for an endpoint, for files, fine-tuning jobs and lists of models.

    Do not use it for chat completions: they would bypass ledger, rate limiter and budget. Use
    `chat.open_chat`.

    Args:
        endpoint: The endpoint.
        retries: Number of times that the SDK repeats a failed call.
        timeout: Seconds after which one attempt is given up.

    Raises:
        UserError: There is no API key for the endpoint, or it contains forbidden characters.
    """
    client: openai.OpenAI = open_sdk(endpoint, asynchronous=False, max_retries=retries, timeout=timeout)
    return client


def open_sdk(endpoint: Endpoint, *, asynchronous: bool, **options: object) -> openai.OpenAI:
    """Return the openai SDK's client for an endpoint, with the API key from the environment.

    Args:
        endpoint: The endpoint, whose provider names the SDK's class.
        asynchronous: Whether to return the SDK's asynchronous client.
        options: Further keyword arguments of the SDK's client, such as `timeout`.

    Raises:
        UserError: There is no API key for the endpoint, or it contains forbidden characters.
    """
    import openai

    key = key_of(endpoint)
    class_name, needed = PROVIDERS[endpoint.provider].sdk_settings(endpoint, key)
    settings: dict[str, object] = {"api_key": key, **options, **needed}
    if not asynchronous:
        settings.setdefault("http_client", openai.DefaultHttpxClient(follow_redirects=False))
    client: openai.OpenAI = getattr(openai, f"Async{class_name}" if asynchronous else class_name)(**settings)
    return client
