"""What an HTTP answer means: something to keep, something to try again, or the end of the batch."""

from __future__ import annotations

from collections.abc import Callable

from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.llm import answers
from veritrain_lib.llm.connection import Received
from veritrain_lib.llm.keys import KEY_NAMES
from veritrain_lib.llm.records import Endpoint, Usage
from veritrain_lib.llm.response_adapter import page_title, what_it_said

BASE_NAMES = {"openai": "OPENAI_BASE_URL", "azure": "AZURE_OPENAI_ENDPOINT"}

LOST_STATUS = frozenset({408, 504, 524})
"""The service, or a gateway before it, gave up waiting: the work may be done and billed."""
TRY_AGAIN = LOST_STATUS | {409, 425}
"""Of the 400s, those that another attempt may mend (429 is the gate's)."""


def kept_usage(received: Received) -> tuple[bool, Usage | None]:
    """Whether this is an answer to keep, and its tokens (None: it does not say).

    A filtered prompt is one, and costs nothing; a 200 without choices is none.
    """
    if received.status == 200:
        answer = answers.parse(received.body)
        return (False, None) if answer is None else (True, answers.usage_of(answer))
    return answers.is_content_filter(received.status, received.body), Usage()


def fault_of(received: Received, hide: Callable[[str], str]) -> tuple[str, bool]:
    """Why this is no answer, without keys, and whether it may be paid for all the same."""
    if received.status == 0:
        return received.reason, received.sent
    if received.status == 200:
        return hide(f"a 200 that is no answer: {what_it_said(received.body)}")[:300], True
    code, message = answers.error_of(received.body)
    message = message or what_it_said(received.body)
    return hide(f"HTTP {received.status} {code} {message}".strip()[:300]), received.status in LOST_STATUS


def is_final(received: Received) -> bool:
    """Whether another attempt would get the same: the request itself is wrong."""
    return 300 <= received.status < 500 and received.status not in TRY_AGAIN


def is_page(received: Received) -> bool:
    """Whether a web page came in the place of an answer: of a login, a proxy, or another service."""
    return received.status == 200 and bool(page_title(received.body))


def end_of_all(
    received: Received, endpoint: Endpoint, hide: Callable[[str], str], url: str = ""
) -> UserError | None:
    """What no repetition mends for any request: a refused key, no such model or address, an empty account.

    `url` is where it was asked.
    """
    status = received.status
    code, message = answers.error_of(received.body)
    said = hide((message or what_it_said(received.body))[:200])
    where = f"{endpoint.address} at {url}" if url else endpoint.address
    variable = BASE_NAMES[endpoint.provider]
    if status in (401, 403, 407):
        names = " or ".join(KEY_NAMES[endpoint.provider])
        return UserError(f"{where} refused the key (HTTP {status}): check {names}. It said: {said}")
    if status in (404, 405, 410):
        return UserError(
            f"{where} is not there (HTTP {status}): check the model or deployment, and the address in {variable}. "
            f"It said: {said}"
        )
    if 300 <= status < 400:
        to = hide((received.headers or {}).get("location", "")) or "another place"
        return UserError(
            f"{where} leads on to {to} (HTTP {status}), where the key is not sent; write the final address into {variable}"
        )
    if status == 402 or (status == 429 and code in ("insufficient_quota", "billing_hard_limit_reached")):
        return Infrastructure(f"the provider's account behind {where} has no money left. It said: {said}")
    return None


def not_an_answer(received: Received, endpoint: Endpoint, hide: Callable[[str], str], url: str) -> UserError:
    """What is said when a service that never answered gives web pages."""
    return UserError(
        f"{endpoint.address} at {url} answers with {hide(what_it_said(received.body))}, not with a chat completion: "
        f"check the address in {BASE_NAMES[endpoint.provider]}"
    )
