"""What an HTTP answer means: something to keep, something to try again, or the end of the batch."""

from __future__ import annotations

from collections.abc import Callable

from veritrain_lib.errors import Infrastructure, UserError
from veritrain_lib.llm import answers
from veritrain_lib.llm.connection import Received
from veritrain_lib.llm.keys import KEY_NAMES
from veritrain_lib.llm.records import Endpoint, Usage

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
        return "a 200 without a readable answer", True
    code, message = answers.error_of(received.body)
    return hide(f"HTTP {received.status} {code} {message}".strip()[:300]), received.status in LOST_STATUS


def is_final(received: Received) -> bool:
    """Whether another attempt would get the same: the request itself is wrong."""
    return 400 <= received.status < 500 and received.status not in TRY_AGAIN


def end_of_all(received: Received, endpoint: Endpoint, hide: Callable[[str], str]) -> UserError | None:
    """What no repetition mends for any request: a refused key, no such model, an empty account."""
    if received.status not in (401, 403, 404, 429):
        return None
    code, message = answers.error_of(received.body)
    said = hide(message[:200])
    if received.status in (401, 403):
        names = " or ".join(KEY_NAMES[endpoint.provider])
        return UserError(
            f"{endpoint.address} refused the key (HTTP {received.status}): check {names}. It said: {said}"
        )
    if received.status == 404:
        return UserError(
            f"{endpoint.address} is not there (HTTP 404): check the model or deployment and the endpoint. "
            f"It said: {said}"
        )
    if code == "insufficient_quota":
        return Infrastructure(
            f"the provider's account behind {endpoint.address} has no money left. It said: {said}"
        )
    return None
