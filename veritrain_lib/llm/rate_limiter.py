"""One gate for everybody in this process who asks the same endpoint: it lets requests through as the service allows.

The service says in its headers how many requests (and tokens) are left and at what rate they come back. The
gate keeps its own count between the answers. Without headers it only reacts: a single 429 holds back the one
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

IN_A_ROW = 3
"""429s without a success between them after which everybody waits."""
FIRST, LISTEN, RAMP = 4, 0.1, 800.0
"""Before the service has said anything: requests let through at once, the seconds it then gets to say what it
allows, and requests a second from then on. What is sent before it is heard may pass a
small limit; 128 at once are under way in 0.25 s."""
MARGIN = 0.05
"""Share of a limit's bucket that is left in it: our clock runs ahead of the service's by the time of the way there.
It costs that share once, not a share of the rate."""
LONGEST = 300.0
"""Seconds: no advice to wait is followed for longer in one piece."""


@dataclass(frozen=True)
class Pass:
    """A request let through: when, its tokens, and how much of each limit is surely counted once it is."""

    at: float
    amount: float
    requests_seen: float
    tokens_seen: float


class Bucket:
    """Our copy of one of the service's limits. `rate` a second comes back, up to `capacity`; None: no limit known."""

    def __init__(self) -> None:
        self.rate: float | None = None
        self._capacity = 1.0
        self._level = 0.0
        self._at = 0.0
        self.taken = 0.0
        self.seen = 0.0

    def wait(self, amount: float, now: float) -> float:
        """Seconds until `amount` may be taken; 0: now."""
        if self.rate is None:
            return 0.0
        self._refill(now)
        # What is larger than the whole bucket goes when it is full.
        lacking = min(amount + MARGIN * self._capacity, self._capacity) - self._level
        return 0.0 if lacking <= 0 else lacking / self.rate

    def take(self, amount: float) -> None:
        """Count what is let through."""
        self.taken += amount
        self._level -= amount

    def told(self, rate: float, left: float, asked_at: float, seen_then: float, now: float) -> None:
        """Take over what the service said when it counted a request that was let through at `asked_at`.

        Requests on their way together are counted in any order, so this holds our own count in bounds and does
        not replace it. Whatever was answered before the request went out, and itself (together `seen_then`), is
        counted, the rest may be or not; and what comes back in the time of the whole way may have come back since.
        """
        first = self.rate is None
        self.rate = rate
        self._capacity = max(self._capacity, int(left) + 1.0)
        least = left - (self.taken - seen_then)
        if first:
            self._level, self._at = least, now
            return
        self._refill(now)
        self._level = min(max(self._level, least), left + 1.0 + rate * (now - asked_at), self._capacity)

    def refused(self, rate: float, wait: float, now: float) -> None:
        """The service has nothing left and will have something in `wait` seconds."""
        self.rate = rate
        self._refill(now)
        self._level = min(self._level, max(0.0, 1.0 - rate * wait))

    def _refill(self, now: float) -> None:
        assert self.rate is not None
        self._level = min(self._capacity, self._level + self.rate * (now - self._at))
        self._at = now


class Gate:
    """Safe to be used from several threads; nothing in it waits by itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests, self._tokens = Bucket(), Bucket()
        self._quiet_until = 0.0
        self._in_a_row = 0
        self._heard = False
        self._begun: float | None = None
        self._ramped = 0

    def ask(self, tokens: float) -> Pass | float:
        """A pass, or the seconds after which to ask again."""
        now = time.monotonic()
        with self._lock:
            wait = max(
                self._quiet_until - now, self._requests.wait(1.0, now), self._tokens.wait(tokens, now),
                self._ramp(now),
            )  # fmt: skip
            if wait > 0:
                return wait
            self._requests.take(1.0)
            self._tokens.take(tokens)
            return Pass(now, tokens, self._requests.seen + 1.0, self._tokens.seen + tokens)

    def _ramp(self, now: float) -> float:
        if self._heard:
            return 0.0
        self._begun = now if self._begun is None else self._begun
        due = self._begun + LISTEN + (self._ramped + 1 - FIRST) / RAMP
        if self._ramped >= FIRST and now < due:
            return due - now
        self._ramped += 1
        return 0.0

    def give_back(self, tokens: float) -> None:
        """A pass was not used."""
        with self._lock:
            self._requests.take(-1.0)
            self._tokens.take(-tokens)

    def answered(self, passed: Pass, headers: Mapping[str, str]) -> None:
        """The service answered (anything but 429)."""
        with self._lock:
            self._heard = True
            self._in_a_row = 0
            self._requests.seen += 1.0
            self._tokens.seen += passed.amount
            self._listen(passed, headers, None)

    def refused(self, passed: Pass, headers: Mapping[str, str]) -> float:
        """The service said 429: seconds after which this request may try again."""
        advice = retry_after(headers)
        with self._lock:
            self._in_a_row += 1
            # What is refused takes nothing from the limit.
            self._requests.take(-1.0)
            self._tokens.take(-passed.amount)
            none_left = self._listen(passed, headers, advice)
            wait = advice if advice is not None else min(30.0, 0.5 * 2 ** min(self._in_a_row, 6))
            wait = min(wait, LONGEST)
            if none_left or self._in_a_row >= IN_A_ROW:
                self._quiet_until = max(self._quiet_until, time.monotonic() + wait)
                # The gate itself spreads those who wait for it.
                return wait
        return wait * random.uniform(1.0, 1.25)

    def _listen(self, passed: Pass, headers: Mapping[str, str], advice: float | None) -> bool:
        now, none_left = time.monotonic(), False
        for kind, bucket, then in (
            ("requests", self._requests, passed.requests_seen), ("tokens", self._tokens, passed.tokens_seen),
        ):  # fmt: skip
            limit, left = _number(headers, f"limit-{kind}"), _number(headers, f"remaining-{kind}")
            if left is None:
                continue
            if not limit:
                continue
            rate = limit / 60.0
            back = duration(headers.get(f"x-ratelimit-reset-{kind}", ""))
            # A limit for a day says so only by how slowly it comes back.
            if back and left < limit and (limit - left) / back < rate / 2:
                rate = (limit - left) / back
            self._heard = True
            if advice is not None and left < 1:
                none_left = True
                bucket.refused(rate, advice, now)
            else:
                bucket.told(rate, left, passed.at, then, now)
        return none_left

    @property
    def requests_per_second(self) -> float | None:
        """The rate the service allows, None while it has not said."""
        return self._requests.rate


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the service asks to wait (`retry-after-ms`, `Retry-After` in seconds or as a date), if it does."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        given = headers.get("retry-after")
        if given is None:
            return None
        try:
            return max(0.0, float(given))
        except ValueError:
            return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def duration(text: str) -> float | None:
    """Seconds of `1h2m3.5s`, `250ms` or `7`; None when it is none of these."""
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


_gates: dict[tuple[str, str | None, str], Gate] = {}
_gates_lock = threading.Lock()


def gate_of(endpoint: Endpoint) -> Gate:
    """The gate of an endpoint: the same one for the whole process."""
    with _gates_lock:
        return _gates.setdefault((endpoint.provider, endpoint.base_url, endpoint.model), Gate())


def forget_gates() -> None:
    """Forget what services said about their limits: for measurements that must not know of each other."""
    with _gates_lock:
        _gates.clear()
