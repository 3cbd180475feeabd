"""Rate limiter of requests to a chat service, one per endpoint and process, which sends as fast as the service allows.

The service reports in its response headers how many requests and tokens are left and how fast they are
refilled; between responses the limiter keeps its own count. Without such headers it only reacts to responses
with status 429: a single one delays the request that got it, several in a row delay all requests.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from veritrain_lib.llm.records import Endpoint

MAX_CONSECUTIVE_429 = 3
"""Number of responses with status 429, without a success between them, after which all requests wait."""
INITIAL_REQUESTS, INITIAL_DELAY, RAMP_RATE = 4, 0.1, 800.0
"""Limits that apply until the service has reported its own, so that a small limit is hardly exceeded.

They are: the number of requests sent at once, the seconds that the service then gets to report its limits,
and the requests per second from then on. With them, 128 requests are in flight after 0.25 s.
"""
MARGIN = 0.05
"""Share of a limit's capacity that is always left unused.

It makes up for our clock running ahead of the service's by the network delay. The share is lost once; the
rate stays the same.
"""
MAX_WAIT = 300.0
"""Longest wait, in seconds, that the limiter takes over from a service's advice at one time."""


@dataclass(frozen=True)
class Permit:
    """Permission of the rate limiter to send one chat request.

    Attributes:
        at: Time at which it was given (`time.monotonic`).
        amount: Estimated tokens of the request.
        requests_answered: Number of requests that the service has certainly counted once it answers this one.
        tokens_answered: Number of tokens that it has certainly counted by then.
    """

    at: float
    amount: float
    requests_answered: float
    tokens_answered: float


class Bucket:
    """Token bucket that mirrors one of a chat service's limits (requests per minute or tokens per minute).

    Attributes:
        rate: Amount per second that is refilled, up to the capacity; None while no limit is known.
        taken: Amount used so far.
        answered_amount: Amount used by the requests that have been answered.
    """

    def __init__(self) -> None:
        self.rate: float | None = None
        self._capacity = 1.0
        self._level = 0.0
        self._at = 0.0
        self.taken = 0.0
        self.answered_amount = 0.0

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until an amount of the limit may be used; 0 if it may be used now.

        Args:
            amount: Number of requests or tokens.
            now: The current time (`time.monotonic`).
        """
        if self.rate is None:
            return 0.0
        self._refill(now)
        # A request larger than the bucket may go when the bucket is full.
        missing = min(amount + MARGIN * self._capacity, self._capacity) - self._level
        return 0.0 if missing <= 0 else missing / self.rate

    def take(self, amount: float) -> None:
        """Use up an amount of the limit; a negative amount is given back."""
        self.taken += amount
        self._level -= amount

    def update(self, rate: float, remaining: float, sent_at: float, answered_then: float, now: float) -> None:
        """Adjust the bucket to the remaining amount that the chat service reported.

        The report does not replace the bucket's own level; it only bounds the level from below and above. The reason is
        that the service has certainly counted `answered_then`, but may or may not have counted the other requests in
        flight, and may have refilled its limit since it sent the report.

        Args:
            rate: Amount per second that is refilled.
            remaining: Reported amount that was left.
            sent_at: Time at which the request was sent (`time.monotonic`).
            answered_then: Amount that the service had certainly counted: all requests answered before this
                one was sent, and this one.
            now: The current time (`time.monotonic`).
        """
        first = self.rate is None
        self.rate = rate
        self._capacity = max(self._capacity, int(remaining) + 1.0)
        lower_bound = remaining - (self.taken - answered_then)
        if first:
            self._level, self._at = lower_bound, now
            return
        self._refill(now)
        self._level = min(
            max(self._level, lower_bound), remaining + 1.0 + rate * (now - sent_at), self._capacity
        )

    def refused(self, rate: float, wait: float, now: float) -> None:
        """Record that the chat service has nothing left of this limit.

        Args:
            rate: Amount per second that is refilled.
            wait: Seconds until something is left again.
            now: The current time (`time.monotonic`).
        """
        self.rate = rate
        self._refill(now)
        self._level = min(self._level, max(0.0, 1.0 - rate * wait))

    def _refill(self, now: float) -> None:
        assert self.rate is not None
        self._level = min(self._capacity, self._level + self.rate * (now - self._at))
        self._at = now


class RateLimiter:
    """Rate limits of one chat endpoint; thread-safe, and no method blocks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests, self._tokens = Bucket(), Bucket()
        self._paused_until = 0.0
        self._consecutive_429 = 0
        self._limits_known = False
        self._ramp_started: float | None = None
        self._ramp_count = 0

    def try_acquire(self, tokens: float) -> Permit | float:
        """Return a permit to send one chat request, or the seconds after which to try again.

        Args:
            tokens: Estimated tokens of the request.
        """
        now = time.monotonic()
        with self._lock:
            wait = max(
                self._paused_until - now, self._requests.wait(1.0, now), self._tokens.wait(tokens, now),
                self._ramp(now),
            )  # fmt: skip
            if wait > 0:
                return wait
            self._requests.take(1.0)
            self._tokens.take(tokens)
            return Permit(
                now, tokens, self._requests.answered_amount + 1.0, self._tokens.answered_amount + tokens
            )

    def _ramp(self, now: float) -> float:
        if self._limits_known:
            return 0.0
        self._ramp_started = now if self._ramp_started is None else self._ramp_started
        due = self._ramp_started + INITIAL_DELAY + (self._ramp_count + 1 - INITIAL_REQUESTS) / RAMP_RATE
        if self._ramp_count >= INITIAL_REQUESTS and now < due:
            return due - now
        self._ramp_count += 1
        return 0.0

    def cancel(self, tokens: float) -> None:
        """Take back a permit whose chat request was not sent.

        Args:
            tokens: Estimated tokens of the request.
        """
        with self._lock:
            self._requests.take(-1.0)
            self._tokens.take(-tokens)

    def answered(self, permit: Permit, headers: Mapping[str, str]) -> None:
        """Record that the chat service responded to a request with anything but status 429.

        The response's rate-limit headers update the limits.

        Args:
            permit: The permit of the request.
            headers: Headers of the response.
        """
        with self._lock:
            self._limits_known = True
            self._consecutive_429 = 0
            self._requests.answered_amount += 1.0
            self._tokens.answered_amount += permit.amount
            self._read_limits(permit, headers, None)

    def refused(self, permit: Permit, headers: Mapping[str, str]) -> float:
        """Record that the chat service refused a request with status 429.

        Args:
            permit: The permit of the request.
            headers: Headers of the response.

        Returns:
            The seconds after which to try again.
        """
        retry_after_s = retry_after(headers)
        with self._lock:
            self._consecutive_429 += 1
            # A refused request takes nothing from the limit.
            self._requests.take(-1.0)
            self._tokens.take(-permit.amount)
            none_left = self._read_limits(permit, headers, retry_after_s)
            wait = (
                retry_after_s
                if retry_after_s is not None
                else min(30.0, 0.5 * 2 ** min(self._consecutive_429, 6))
            )
            wait = min(wait, MAX_WAIT)
            if none_left or self._consecutive_429 >= MAX_CONSECUTIVE_429:
                self._paused_until = max(self._paused_until, time.monotonic() + wait)
                # The limiter itself spreads the waiting requests.
                return wait
        return wait * random.uniform(1.0, 1.25)

    def _read_limits(self, permit: Permit, headers: Mapping[str, str], retry_after_s: float | None) -> bool:
        now, none_left = time.monotonic(), False
        for kind, bucket, answered_then in (
            ("requests", self._requests, permit.requests_answered), ("tokens", self._tokens, permit.tokens_answered),
        ):  # fmt: skip
            limit, remaining = _number(headers, f"limit-{kind}"), _number(headers, f"remaining-{kind}")
            if remaining is None:
                continue
            if not limit:
                continue
            rate = limit / 60.0
            reset_seconds = duration(headers.get(f"x-ratelimit-reset-{kind}", ""))
            # A limit per day shows only in how slowly it is refilled.
            if reset_seconds and remaining < limit and (limit - remaining) / reset_seconds < rate / 2:
                rate = (limit - remaining) / reset_seconds
            self._limits_known = True
            if retry_after_s is not None and remaining < 1:
                none_left = True
                bucket.refused(rate, retry_after_s, now)
            else:
                bucket.update(rate, remaining, permit.at, answered_then, now)
        return none_left

    @property
    def requests_per_second(self) -> float | None:
        """The request rate that the chat service allows; None while it has not reported one."""
        return self._requests.rate


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a chat service's response asks to wait; None if it asks for no wait.

    They are read from the header `retry-after-ms`, or from `Retry-After` in seconds or as a date.
    """
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after")
        if value is None:
            return None
        try:
            return max(0.0, float(value))
        except ValueError:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def duration(text: str) -> float | None:
    """Convert a duration in a rate-limit header (`1h2m3.5s`, `250ms`, `7`) to seconds; None for any other text."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    size = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
    return sum(float(number) * size[unit] for number, unit in parts)


def _number(headers: Mapping[str, str], name: str) -> float | None:
    try:
        value = float(headers.get(f"x-ratelimit-{name}", ""))
    except ValueError:
        return None
    return value if value >= 0 else None


_limiters: dict[tuple[str, str | None, str], RateLimiter] = {}
_limiters_lock = threading.Lock()


def rate_limiter_of(endpoint: Endpoint) -> RateLimiter:
    """Return the rate limiter of a chat endpoint; all callers in a process share the same one."""
    with _limiters_lock:
        return _limiters.setdefault((endpoint.provider, endpoint.base_url, endpoint.model), RateLimiter())


def reset_rate_limiters() -> None:
    """Discard all rate limiters of this process, with the limits that services reported.

    Tests and benchmarks call it so that an earlier one does not influence a later one.
    """
    with _limiters_lock:
        _limiters.clear()
