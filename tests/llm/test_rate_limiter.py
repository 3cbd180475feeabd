"""The gate lets through what the service allows: no more, and hardly less."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tests.llm.conftest import Open, Serve
from tests.llm.questions import questions
from tests.llm.server import Answer, Fault
from veritrain_lib.llm.rate_limiter import Bucket, Permit, RateLimiter, duration, rate_limiter_of, retry_after
from veritrain_lib.llm.records import Endpoint


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("7", 7.0),
        ("1.5s", 1.5),
        ("1m30s", 90.0),
        ("1h0m2s", 3602.0),
        ("soon", None),
        ("", None),
    ],
)
def test_durations_in_headers(text: str, seconds: float | None) -> None:
    assert duration(text) == seconds


def test_the_advice_to_wait_in_its_three_forms() -> None:
    assert retry_after({"retry-after-ms": "150", "retry-after": "9"}) == 0.15
    assert retry_after({"retry-after": "9"}) == 9.0
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30))
    assert retry_after({"retry-after": later}) == pytest.approx(30, abs=2)
    assert retry_after({"retry-after": "later"}) is None
    assert retry_after({}) is None


def test_what_the_service_says_holds_the_own_count_in_bounds() -> None:
    bucket = Bucket()
    for _ in range(4):
        bucket.take(1.0)
    # The first word, about one of four that were on their way together: the other three may be counted or not.
    bucket.update(rate=2.0, remaining=7.0, sent_at=100.0, answered_then=1.0, now=100.0)
    # A bucket with 7 left after one holds 8, a twentieth of it (0.4) stays in it, and 7 - 3 are ours for sure.
    assert bucket.wait(3.6, 100.0) == 0.0
    assert bucket.wait(5.6, 100.0) == pytest.approx(1.0)
    assert bucket.wait(100.0, 100.0) == pytest.approx(2.0)
    # One more, and everything before it is answered: none of the 6 left is in doubt.
    bucket.take(1.0)
    bucket.update(rate=2.0, remaining=6.0, sent_at=100.0, answered_then=5.0, now=100.0)
    assert bucket.wait(5.6, 100.0) == 0.0
    # Others use the service too: what it has left is the most that is ours.
    bucket.update(rate=2.0, remaining=0.0, sent_at=100.0, answered_then=5.0, now=100.0)
    assert bucket.wait(2.6, 100.0) == pytest.approx(1.0)


def test_answers_out_of_order_make_no_room_that_is_not_there() -> None:
    bucket = Bucket()
    bucket.take(1.0)
    bucket.update(rate=1.0, remaining=9.0, sent_at=100.0, answered_then=1.0, now=100.0)
    for _ in range(8):
        bucket.take(1.0)
    # The last of eight was counted first.
    bucket.update(rate=1.0, remaining=8.0, sent_at=100.0, answered_then=2.0, now=100.01)
    assert bucket.wait(1.0, 100.01) > 0


def permit(limiter: RateLimiter) -> Permit:
    found = limiter.try_acquire(0.0)
    assert isinstance(found, Permit)
    return found


def test_one_429_without_more_holds_back_only_its_own_request() -> None:
    limiter = RateLimiter()
    mine, other = permit(limiter), permit(limiter)
    assert limiter.refused(mine, {"retry-after": "5"}) >= 5
    assert isinstance(limiter.try_acquire(0.0), Permit)
    limiter.answered(other, {})


def test_several_429s_in_a_row_hold_back_everybody_and_an_answer_between_them_does_not() -> None:
    limiter = RateLimiter()
    for _ in range(2):
        limiter.refused(permit(limiter), {"retry-after": "5"})
    limiter.answered(permit(limiter), {})
    limiter.refused(permit(limiter), {"retry-after": "5"})
    last = permit(limiter)
    limiter.refused(permit(limiter), {"retry-after": "5"})
    limiter.refused(last, {"retry-after": "5"})
    held = limiter.try_acquire(0.0)
    assert isinstance(held, float)
    assert held == pytest.approx(5, abs=0.2)


def test_a_429_with_nothing_left_holds_back_everybody_for_as_long_as_said() -> None:
    limiter = RateLimiter()
    headers = {
        "retry-after-ms": "400",
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "0",
    }
    limiter.refused(permit(limiter), headers)
    held = limiter.try_acquire(0.0)
    assert isinstance(held, float)
    assert held == pytest.approx(0.4, abs=0.05)


def test_tokens_are_a_limit_of_their_own() -> None:
    limiter = RateLimiter()
    first = limiter.try_acquire(100.0)
    assert isinstance(first, Permit)
    limiter.answered(first, {"x-ratelimit-limit-tokens": "6000", "x-ratelimit-remaining-tokens": "300"})
    assert isinstance(limiter.try_acquire(250.0), Permit)
    held = limiter.try_acquire(100.0)
    # 50 are left, 15 (a twentieth of 301) stay, and 100 come back a second.
    assert held == pytest.approx(0.65, abs=0.05)


def test_a_limit_for_a_day_is_known_by_how_slowly_it_comes_back() -> None:
    limiter = RateLimiter()
    headers = {
        "x-ratelimit-limit-requests": "200", "x-ratelimit-remaining-requests": "199",
        "x-ratelimit-reset-requests": "7m12s",
    }  # fmt: skip
    limiter.answered(permit(limiter), headers)
    assert limiter.requests_per_second == pytest.approx(200 / 86400)


def test_all_chats_of_a_process_share_the_gate_of_an_endpoint() -> None:
    assert rate_limiter_of(Endpoint("openai", "m")) is rate_limiter_of(
        Endpoint("openai", "m", api_version="x")
    )
    assert rate_limiter_of(Endpoint("openai", "m")) is not rate_limiter_of(Endpoint("openai", "other"))


class Limited:
    """A service that allows `rate` requests a second, with a bucket of as many as come in `burst` seconds."""

    def __init__(self, rate: float, burst: float = 0.5, headers: bool = True) -> None:
        self.rate, self.capacity, self.headers = rate, rate * burst, headers
        self.level, self.at = self.capacity, time.monotonic()
        self.lock = threading.Lock()

    def __call__(self, body: dict[str, Any]) -> Answer | Fault:
        with self.lock:
            now = time.monotonic()
            self.level = min(self.capacity, self.level + (now - self.at) * self.rate)
            self.at = now
            granted = self.level >= 1
            self.level -= granted
            headers = {
                "x-ratelimit-limit-requests": f"{60 * self.rate:.0f}",
                "x-ratelimit-remaining-requests": f"{int(self.level)}",
            }
            headers = headers if self.headers else {}
            if granted:
                return Answer(headers=headers)
            wait = (1 - self.level) / self.rate
            return Fault("429", headers={**headers, "retry-after-ms": f"{1000 * wait:.0f}"})


def test_at_a_limit_nothing_is_lost_and_hardly_anything_asked_twice(serve: Serve, chat: Open) -> None:
    server = serve(Limited(rate=50))
    start = time.monotonic()
    replies = chat(at_once=32).ask(questions(150))
    seconds = time.monotonic() - start
    assert {reply.outcome for reply in replies} == {"done"}
    assert len(server.requests) <= 1.05 * 150
    floor = (150 - 25) / 50
    assert seconds >= floor  # how close it comes to that is measured by `make bench-teacher`


def test_without_headers_everybody_waits_after_refusals_and_nothing_is_lost(serve: Serve, chat: Open) -> None:
    serve(Limited(rate=50, headers=False))
    assert {reply.outcome for reply in chat(at_once=16).ask(questions(60))} == {"done"}
