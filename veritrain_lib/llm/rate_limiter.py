"""One rate limiter per endpoint and process, which lets requests through as fast as the service allows.

The service says in its headers how many requests (and tokens) are left and at what rate they are refilled. The
limiter keeps its own count between the answers. Without headers it only reacts: a single 429 holds back the one
request that got it; several in a row hold back all.
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
"""Responses with status 429 without a success between them after which all requests wait."""
INITIAL_REQUESTS, INITIAL_DELAY, RAMP_RATE = 4, 0.1, 800.0
"""Limits before the service has reported any.

Requests let through at once, the seconds the service then gets to report its limits, and requests a second from then
on. What is sent before that may exceed a small limit; 128 at once are under way in 0.25 s.
"""
MARGIN = 0.05
"""Share of a limit's bucket that is left in it.

Our clock runs ahead of the service's by the network delay. It costs that share once, not a share of the rate.
"""
MAX_WAIT = 300.0
"""Seconds: no advice to wait is followed for longer in one piece."""


@dataclass(frozen=True)
class Permit:
    """Permission to send a request.

    Attributes:
        at: When it was given (`time.monotonic`).
        amount: Tokens of the request.
        requests_answered: Requests that the service has certainly counted once it answers this one.
        tokens_answered: The same for tokens.
    """

    at: float
    amount: float
    requests_answered: float
    tokens_answered: float


class Bucket:
    """Our copy of one of the service's limits, a token bucket.

    Attributes:
        rate: Amount a second that is refilled, up to the capacity; None: no limit known.
        taken: Amount let through so far.
        answered_amount: Amount of the requests that were answered.
    """

    def __init__(self) -> None:
        self.rate: float | None = None
        self._capacity = 1.0
        self._level = 0.0
        self._at = 0.0
        self.taken = 0.0
        self.answered_amount = 0.0

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until `amount` may be taken; 0: now."""
        if self.rate is None:
            return 0.0
        self._refill(now)
        # A request larger than the bucket may go when the bucket is full.
        missing = min(amount + MARGIN * self._capacity, self._capacity) - self._level
        return 0.0 if missing <= 0 else missing / self.rate

    def take(self, amount: float) -> None:
        """Count an amount that is let through."""
        self.taken += amount
        self._level -= amount

    def update(self, rate: float, remaining: float, sent_at: float, answered_then: float, now: float) -> None:
        """Adjust the bucket to what the service reported when it counted a request.

        Requests that are in flight together are counted in any order, so this keeps our own count within bounds and does
        not replace it. Everything answered before the request was sent, and the request itself (together
        `answered_then`), is counted, the rest may be or not; and what is refilled during the round trip may have been
        refilled since.

        Args:
            rate: Amount a second that is refilled.
            remaining: Amount that was left.
            sent_at: When the request was sent (`time.monotonic`).
            answered_then: Amount that the service had certainly counted.
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
        """Record that the service has nothing left and will have something in `wait` seconds."""
        self.rate = rate
        self._refill(now)
        self._level = min(self._level, max(0.0, 1.0 - rate * wait))

    def _refill(self, now: float) -> None:
        assert self.rate is not None
        self._level = min(self._capacity, self._level + self.rate * (now - self._at))
        self._at = now


class RateLimiter:
    """The limits of one endpoint; safe to be used from several threads; no method blocks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests, self._tokens = Bucket(), Bucket()
        self._paused_until = 0.0
        self._consecutive_429 = 0
        self._limits_known = False
        self._ramp_started: float | None = None
        self._ramp_count = 0

    def try_acquire(self, tokens: float) -> Permit | float:
        """Return a permit, or the seconds after which to try again."""
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
        """Return an unused permit."""
        with self._lock:
            self._requests.take(-1.0)
            self._tokens.take(-tokens)

    def answered(self, permit: Permit, headers: Mapping[str, str]) -> None:
        """Record that the service answered (anything but 429)."""
        with self._lock:
            self._limits_known = True
            self._consecutive_429 = 0
            self._requests.answered_amount += 1.0
            self._tokens.answered_amount += permit.amount
            self._read_limits(permit, headers, None)

    def refused(self, permit: Permit, headers: Mapping[str, str]) -> float:
        """Record a 429 and return the seconds after which this request may be tried again."""
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
        """The rate the service allows, None while it has not reported one."""
        return self._requests.rate


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds the service asks to wait, None if it does not.

    They come from `retry-after-ms`, or `Retry-After` in seconds or as a date.
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
    """Return the seconds of `1h2m3.5s`, `250ms` or `7`; None for anything else."""
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
    """Return the rate limiter of an endpoint: the same one for the whole process."""
    with _limiters_lock:
        return _limiters.setdefault((endpoint.provider, endpoint.base_url, endpoint.model), RateLimiter())


def reset_rate_limiters() -> None:
    """Forget what services reported about their limits, so that measurements do not affect each other."""
    with _limiters_lock:
        _limiters.clear()
