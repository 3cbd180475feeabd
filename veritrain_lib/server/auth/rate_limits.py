"""Rate limits of requests and sign-in attempts, counted over moving windows of time.

They are counted in this process, or in Redis if several processes share them.
"""

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
"""Maximum number of attempts per minute, from one network address, to sign in or to renew a login."""

WRONG_PASSWORDS_PER_ACCOUNT = 30
"""Maximum number of wrong passwords for one account from one network address in 15 minutes.

There is no such limit over all addresses: anybody who knows an e-mail address could then lock its owner out. Guessing
from many addresses is slowed down by long passwords (12 characters and more) and a slow hash, and is reported in the
log (`WARN_FROM`).
"""

WARN_FROM = 100
"""Number of wrong passwords for one account in 15 minutes, from all addresses, above which the log warns."""

LOGIN_PATHS = frozenset({"/login", "/api/v1/auth/login", "/api/v1/auth/refresh"})
"""Paths at which a POST request counts as an attempt to sign in or to renew a login."""

REDIS_TIMEOUT_S = 1.0
REDIS_PAUSE_S = 10
"""Seconds for which Redis is not used after it failed or took longer than `REDIS_TIMEOUT_S`."""

TOO_MANY_REQUESTS = "too many requests; wait before the next"

log = logging.getLogger(__name__)


class RateLimits:
    """Counters of requests and sign-in attempts over moving windows of time.

    If the setting `rate_limit` is 0, requests are not limited; sign-in attempts are always limited.
    """

    def __init__(self, settings: Environment) -> None:
        from limits import RateLimitItemPerMinute
        from limits.aio.storage import MemoryStorage
        from limits.aio.strategies import MovingWindowRateLimiter

        self._per_request = RateLimitItemPerMinute(settings.rate_limit) if settings.rate_limit else None
        self._per_login = RateLimitItemPerMinute(LOGINS_PER_MINUTE)
        self._per_account = RateLimitItemPerMinute(WRONG_PASSWORDS_PER_ACCOUNT, 15)
        self._warn_from = RateLimitItemPerMinute(WARN_FROM, 15)
        self._local = MovingWindowRateLimiter(MemoryStorage())
        self._redis_retry_at = 0.0
        self._connections: ConnectionPool | None = None
        self._shared: MovingWindowRateLimiter | None = None
        if settings.redis_url:
            self._connections = _redis_connections(settings.redis_url)
            self._shared = _redis_limiter(settings.redis_url, self._connections)

    async def count(self, scope: Scope, user_id: str | None) -> None:
        """Count one request of a user or network address, and reject it if a rate limit is exceeded.

        Args:
            scope: ASGI scope of the request.
            user_id: Id of the user; None to count the network address instead.

        Raises:
            Refusal: 429, with the seconds to wait in the header `Retry-After`.
        """
        address = client_address(scope)
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in LOGIN_PATHS:
            await self._hit(self._per_login, "login", address)
        if self._per_request is not None:
            await self._hit(self._per_request, *(("user", user_id) if user_id else ("address", address)))

    async def close(self) -> None:
        """Close the connections to Redis; called when the server ends."""
        if self._connections is not None:
            await self._connections.disconnect()

    def count_login(self, account: str, address: str) -> None:
        """Count one attempt to sign in to an account from a network address. Call it from a worker thread of anyio.

        Raises:
            Refusal: 429, there were too many wrong passwords for this account from this address.
        """
        from_thread.run(self._hit, self._per_account, "account", account, address)
        try:
            from_thread.run(self._hit, self._warn_from, "guessed", account)
        except Refusal:
            log.warning(
                "more than %d wrong passwords for one account in 15 minutes, from several addresses",
                WARN_FROM,
            )

    def forgive_login(self, account: str, address: str) -> None:
        """Reset the count of failed attempts to sign in to an account from a network address.

        Call it after a correct password, from a worker thread of anyio.
        """
        from_thread.run(self._clear, self._per_account, "account", account, address)

    async def _clear(self, item: RateLimitItem, *key: str) -> None:
        """Reset one counter, in this process and in Redis."""
        await self._local.clear(item, *key)
        if self._shared is not None and time.monotonic() >= self._redis_retry_at:
            try:
                await self._shared.clear(item, *key)
            except Exception as error:  # noqa: BLE001  # as in `_hit`
                self._pause_redis(error)

    async def _hit(self, item: RateLimitItem, *key: str) -> None:
        """Count one event in Redis, or in this process while Redis is not available.

        Args:
            item: The limit: how many events in which time.
            *key: Texts that identify the counter, such as `"user"` and the user's id.

        Raises:
            Refusal: 429, the limit is exceeded.
        """
        if self._shared is not None and time.monotonic() >= self._redis_retry_at:
            try:
                await _hit(self._shared, item, *key)
                return
            except Refusal:
                raise
            except Exception as error:  # noqa: BLE001  # whatever fails in Redis: count in this process rather than not at all
                self._pause_redis(error)
        await _hit(self._local, item, *key)

    def _pause_redis(self, error: Exception) -> None:
        """Log that Redis failed, and count in this process for the next `REDIS_PAUSE_S` seconds."""
        self._redis_retry_at = time.monotonic() + REDIS_PAUSE_S
        log.warning(
            "Redis does not count requests (%s); this process does for %d s",
            type(error).__name__,
            REDIS_PAUSE_S,
        )


async def _hit(windows: MovingWindowRateLimiter, item: RateLimitItem, *key: str) -> None:
    """Count one event in a counter; raise a 429 Refusal with the seconds to wait if the limit is exceeded."""
    if not await windows.hit(item, *key):
        resets_at = (await windows.get_window_stats(item, *key)).reset_time
        raise Refusal(
            429, TOO_MANY_REQUESTS, {"Retry-After": str(max(1, round(resets_at - time.time() + 0.5)))}
        )


def _redis_connections(url: str) -> ConnectionPool:
    """Return a pool of connections to Redis with short timeouts."""
    from redis.asyncio import ConnectionPool

    return ConnectionPool.from_url(
        url, socket_connect_timeout=REDIS_TIMEOUT_S, socket_timeout=REDIS_TIMEOUT_S
    )


def _redis_limiter(url: str, connections: ConnectionPool) -> MovingWindowRateLimiter:
    """Return the rate limiter that counts in Redis."""
    from limits.aio.storage import RedisStorage
    from limits.aio.strategies import MovingWindowRateLimiter

    storage = RedisStorage(
        f"async+{url}",
        implementation="redispy",
        connection_pool=connections,  # type: ignore[arg-type]  # documented, but not in its annotation
    )
    return MovingWindowRateLimiter(storage)


def client_address(scope: Scope) -> str:
    """Return the network address of the client that sent a request, as the ASGI server reports it.

    For IPv6 it is the /64 network, since a host can use any address of its network.
    """
    client = scope.get("client")
    host = client[0] if client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
