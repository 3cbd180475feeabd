"""Functions that classify a chat service's HTTP response: an answer to keep, a retry, or the end of the batch."""

from __future__ import annotations

from collections.abc import Callable

from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.llm import answers
from veritrain_lib.llm.connection import HttpResponse
from veritrain_lib.llm.providers import PROVIDERS
from veritrain_lib.llm.records import Endpoint, Usage
from veritrain_lib.llm.response_adapter import page_title, summarize_body

POSSIBLY_BILLED_STATUS = frozenset({408, 504, 524})
"""HTTP statuses with which a service or gateway gave up waiting, so that the work may be done and billed."""
RETRYABLE_STATUS = POSSIBLY_BILLED_STATUS | {409, 425}
"""HTTP statuses from 400 to 499 that another attempt may fix, apart from 429, which the rate limiter handles."""


def answer_usage(received: HttpResponse) -> tuple[bool, Usage | None]:
    """Return whether a response is a chat answer to store, and its token counts (None if not reported).

    A prompt that the content filter rejected counts as an answer without cost. A response with status 200 but
    without choices does not count.
    """
    if received.status == 200:
        answer = answers.parse(received.body)
        return (False, None) if answer is None else (True, answers.usage_of(answer))
    return answers.is_content_filter(received.status, received.body), Usage()


def failure_reason(received: HttpResponse, redact: Callable[[str], str]) -> tuple[str, bool]:
    """Explain a response that is not a chat answer.

    Args:
        received: The response.
        redact: Function that removes API keys from a text.

    Returns:
        The reason in words, without API keys, and whether the request may be billed all the same.
    """
    if received.status == 0:
        return received.reason, received.sent
    if received.status == 200:
        return redact(f"a 200 that is not an answer: {summarize_body(received.body)}")[:300], True
    code, message = answers.error_of(received.body)
    message = message or summarize_body(received.body)
    return redact(
        f"HTTP {received.status} {code} {message}".strip()[:300]
    ), received.status in POSSIBLY_BILLED_STATUS


def is_final(received: HttpResponse) -> bool:
    """Return whether a chat request must not be sent again because the request itself is wrong."""
    return 300 <= received.status < 500 and received.status not in RETRYABLE_STATUS


def is_page(received: HttpResponse) -> bool:
    """Return whether a chat service's response is a web page, such as that of a login or a proxy."""
    return received.status == 200 and bool(page_title(received.body))


def fatal_error(
    received: HttpResponse, endpoint: Endpoint, redact: Callable[[str], str], url: str = ""
) -> UserError | None:
    """Return the error for a response that no retry of any request can fix; None if there is none.

    Such responses say that the key is refused, that the model or the URL does not exist, that the URL
    redirects elsewhere, or that the provider's account has no money left.

    Args:
        received: The response.
        endpoint: The endpoint.
        redact: Function that removes API keys from a text.
        url: URL of the request, for the message; empty to leave it out.
    """
    status = received.status
    code, message = answers.error_of(received.body)
    message_text = redact((message or summarize_body(received.body))[:200])
    location = f"{endpoint.address} at {url}" if url else endpoint.address
    provider = PROVIDERS[endpoint.provider]
    variable = provider.url_setting
    if status in (401, 403, 407):
        names = " or ".join(provider.key_settings)
        return UserError(
            f"{location} refused the key (HTTP {status}): check {names}. It answered: {message_text}"
        )
    if status in (404, 405, 410):
        return UserError(
            f"{location} is not there (HTTP {status}): check the model or deployment, and the address in {variable}. "
            f"It answered: {message_text}"
        )
    if 300 <= status < 400:
        redirect_target = redact((received.headers or {}).get("location", "")) or "another place"
        return UserError(
            f"{location} redirects to {redirect_target} (HTTP {status}), where the key is not sent; write the final address into {variable}"
        )
    if status == 402 or (status == 429 and code in ("insufficient_quota", "billing_hard_limit_reached")):
        return Infrastructure(
            f"the provider's account behind {location} has no money left. It answered: {message_text}"
        )
    return None


def web_page_error(
    received: HttpResponse, endpoint: Endpoint, redact: Callable[[str], str], url: str
) -> UserError:
    """Return the error for a chat service that returned only web pages and no answer."""
    return UserError(
        f"{endpoint.address} at {url} answers with {redact(summarize_body(received.body))}, not with a chat completion: "
        f"check the address in {PROVIDERS[endpoint.provider].url_setting}"
    )
