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
from veritrain_lib.llm.rate_limiter import Bucket, Gate, Pass, duration, gate_of, retry_after
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
    bucket.told(rate=2.0, left=7.0, asked_at=100.0, seen_then=1.0, now=100.0)
    # A bucket with 7 left after one holds 8, a twentieth of it (0.4) stays in it, and 7 - 3 are ours for sure.
    assert bucket.wait(3.6, 100.0) == 0.0
    assert bucket.wait(5.6, 100.0) == pytest.approx(1.0)
    assert bucket.wait(100.0, 100.0) == pytest.approx(2.0)
    # One more, and everything before it is answered: none of the 6 left is in doubt.
    bucket.take(1.0)
    bucket.told(rate=2.0, left=6.0, asked_at=100.0, seen_then=5.0, now=100.0)
    assert bucket.wait(5.6, 100.0) == 0.0
    # Others use the service too: what it has left is the most that is ours.
    bucket.told(rate=2.0, left=0.0, asked_at=100.0, seen_then=5.0, now=100.0)
    assert bucket.wait(2.6, 100.0) == pytest.approx(1.0)


def test_answers_out_of_order_make_no_room_that_is_not_there() -> None:
    bucket = Bucket()
    bucket.take(1.0)
    bucket.told(rate=1.0, left=9.0, asked_at=100.0, seen_then=1.0, now=100.0)
    for _ in range(8):
        bucket.take(1.0)
    # The last of eight was counted first.
    bucket.told(rate=1.0, left=8.0, asked_at=100.0, seen_then=2.0, now=100.01)
    assert bucket.wait(1.0, 100.01) > 0


def passed(gate: Gate) -> Pass:
    found = gate.ask(0.0)
    assert isinstance(found, Pass)
    return found


def test_one_429_without_more_holds_back_only_its_own_request() -> None:
    gate = Gate()
    mine, other = passed(gate), passed(gate)
    assert gate.refused(mine, {"retry-after": "5"}) >= 5
    assert isinstance(gate.ask(0.0), Pass)
    gate.answered(other, {})


def test_several_429s_in_a_row_hold_back_everybody_and_an_answer_between_them_does_not() -> None:
    gate = Gate()
    for _ in range(2):
        gate.refused(passed(gate), {"retry-after": "5"})
    gate.answered(passed(gate), {})
    gate.refused(passed(gate), {"retry-after": "5"})
    last = passed(gate)
    gate.refused(passed(gate), {"retry-after": "5"})
    gate.refused(last, {"retry-after": "5"})
    held = gate.ask(0.0)
    assert isinstance(held, float)
    assert held == pytest.approx(5, abs=0.2)


def test_a_429_with_nothing_left_holds_back_everybody_for_as_long_as_said() -> None:
    gate = Gate()
    headers = {
        "retry-after-ms": "400",
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "0",
    }
    gate.refused(passed(gate), headers)
    held = gate.ask(0.0)
    assert isinstance(held, float)
    assert held == pytest.approx(0.4, abs=0.05)


def test_tokens_are_a_limit_of_their_own() -> None:
    gate = Gate()
    first = gate.ask(100.0)
    assert isinstance(first, Pass)
    gate.answered(first, {"x-ratelimit-limit-tokens": "6000", "x-ratelimit-remaining-tokens": "300"})
    assert isinstance(gate.ask(250.0), Pass)
    held = gate.ask(100.0)
    # 50 are left, 15 (a twentieth of 301) stay, and 100 come back a second.
    assert held == pytest.approx(0.65, abs=0.05)


def test_a_limit_for_a_day_is_known_by_how_slowly_it_comes_back() -> None:
    gate = Gate()
    headers = {
        "x-ratelimit-limit-requests": "200", "x-ratelimit-remaining-requests": "199",
        "x-ratelimit-reset-requests": "7m12s",
    }  # fmt: skip
    gate.answered(passed(gate), headers)
    assert gate.requests_per_second == pytest.approx(200 / 86400)


def test_all_chats_of_a_process_share_the_gate_of_an_endpoint() -> None:
    assert gate_of(Endpoint("openai", "m")) is gate_of(Endpoint("openai", "m", api_version="x"))
    assert gate_of(Endpoint("openai", "m")) is not gate_of(Endpoint("openai", "other"))


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
