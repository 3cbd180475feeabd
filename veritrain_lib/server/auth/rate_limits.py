"""How often a caller may ask: moving windows, counted in this process or, for several, in Redis."""

from __future__ import annotations

import ipaddress
import logging
import time
from typing import TYPE_CHECKING

from anyio import from_thread
from starlette.types import Scope

from veritrain_lib.server.auth.refusal import Refusal
from veritrain_lib.server.environment import Environment

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.aio.strategies import MovingWindowRateLimiter
    from redis.asyncio import ConnectionPool

LOGINS_PER_MINUTE = 10
"""Attempts to sign in, or to renew a login, from one address."""

WRONG_PER_ACCOUNT = 30
"""Wrong passwords for one account from one address in a quarter of an hour.

Never counted over all addresses: whoever knows an e-mail address could then keep its owner out by guessing. What is
left to somebody who guesses from many addresses is held off by the length of a password (12 characters and more) and
the slowness of its hash, and is told in the log.
"""

TOLD_FROM = 100
"""Wrong passwords for one account in a quarter of an hour, from wherever, from which on the log warns."""

LOGIN_PATHS = frozenset({"/login", "/api/v1/auth/login", "/api/v1/auth/refresh"})

REDIS_PATIENCE_S = 1.0
REDIS_PAUSE_S = 10
"""How long Redis may take, and for how long it is left alone when it took longer or was not there."""

TOO_MANY = "too many requests; wait before the next"

log = logging.getLogger(__name__)


class Rates:
    """The windows of a server. `rate_limit` 0 leaves requests uncounted; attempts to sign in are counted anyway."""

    def __init__(self, settings: Environment) -> None:
        from limits import RateLimitItemPerMinute
        from limits.aio.storage import MemoryStorage
        from limits.aio.strategies import MovingWindowRateLimiter

        self._usual = RateLimitItemPerMinute(settings.rate_limit) if settings.rate_limit else None
        self._login = RateLimitItemPerMinute(LOGINS_PER_MINUTE)
        self._account = RateLimitItemPerMinute(WRONG_PER_ACCOUNT, 15)
        self._told_from = RateLimitItemPerMinute(TOLD_FROM, 15)
        self._here = MovingWindowRateLimiter(MemoryStorage())
        self._asked_again_at = 0.0
        self._connections: ConnectionPool | None = None
        self._shared: MovingWindowRateLimiter | None = None
        if settings.redis_url:
            self._connections = _redis_connections(settings.redis_url)
            self._shared = _in_redis(settings.redis_url, self._connections)

    async def count(self, scope: Scope, user_id: str | None) -> None:
        """One request more of a caller. Raises Refusal (429) with the seconds to wait."""
        address = client_address(scope)
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in LOGIN_PATHS:
            await self._hit(self._login, "login", address)
        if self._usual is not None:
            await self._hit(self._usual, *(("user", user_id) if user_id else ("address", address)))

    async def close(self) -> None:
        """Let go of Redis: the server ends."""
        if self._connections is not None:
            await self._connections.disconnect()

    def count_login(self, account: str, address: str) -> None:
        """Count one attempt more to sign in to an account from an address; from a worker thread.

        Raises:
            Refusal: 429, too many wrong passwords came for the account from this address.
        """
        from_thread.run(self._hit, self._account, "account", account, address)
        try:
            from_thread.run(self._hit, self._told_from, "guessed", account)
        except Refusal:
            log.warning(
                "more than %d wrong passwords for one account in 15 minutes, from several addresses",
                TOLD_FROM,
            )

    def forgive_login(self, account: str, address: str) -> None:
        """Forget the wrong passwords from an address: the right one came from it. From a worker thread."""
        from_thread.run(self._clear, self._account, "account", account, address)

    async def _clear(self, item: RateLimitItem, *whose: str) -> None:
        await self._here.clear(item, *whose)
        if self._shared is not None and time.monotonic() >= self._asked_again_at:
            try:
                await self._shared.clear(item, *whose)
            except Exception as error:  # noqa: BLE001  # as in `_hit`
                self._leave_redis(error)

    async def _hit(self, item: RateLimitItem, *whose: str) -> None:
        if self._shared is not None and time.monotonic() >= self._asked_again_at:
            try:
                await _hit(self._shared, item, *whose)
                return
            except Refusal:
                raise
            except Exception as error:  # noqa: BLE001  # any trouble with Redis: count here rather than not at all
                self._leave_redis(error)
        await _hit(self._here, item, *whose)

    def _leave_redis(self, error: Exception) -> None:
        self._asked_again_at = time.monotonic() + REDIS_PAUSE_S
        log.warning(
            "Redis does not count requests (%s); this process does for %d s",
            type(error).__name__,
            REDIS_PAUSE_S,
        )


async def _hit(windows: MovingWindowRateLimiter, item: RateLimitItem, *whose: str) -> None:
    if not await windows.hit(item, *whose):
        free_at = (await windows.get_window_stats(item, *whose)).reset_time
        raise Refusal(429, TOO_MANY, {"Retry-After": str(max(1, round(free_at - time.time() + 0.5)))})


def _redis_connections(address: str) -> ConnectionPool:
    from redis.asyncio import ConnectionPool

    return ConnectionPool.from_url(
        address, socket_connect_timeout=REDIS_PATIENCE_S, socket_timeout=REDIS_PATIENCE_S
    )


def _in_redis(address: str, connections: ConnectionPool) -> MovingWindowRateLimiter:
    from limits.aio.storage import RedisStorage
    from limits.aio.strategies import MovingWindowRateLimiter

    storage = RedisStorage(
        f"async+{address}",
        implementation="redispy",
        connection_pool=connections,  # type: ignore[arg-type]  # documented, but not in its annotation
    )
    return MovingWindowRateLimiter(storage)


def client_address(scope: Scope) -> str:
    """The address that a request comes from; of IPv6 the network, since a host has as many addresses as it likes."""
    client = scope.get("client")
    given = client[0] if client else "unknown"
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        return str(given)
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
