"""WebSocket wrapper that closes the connection once the login with which it was opened has ended."""

from __future__ import annotations

import time

from anyio import to_thread
from starlette.types import Message, Send

from veritrain_lib.server.auth import token_validity
from veritrain_lib.server.auth.refusal import POLICY_VIOLATION
from veritrain_lib.server.auth.tokens import Claims, Kind
from veritrain_lib.server.http.current_user import Principal

RECHECK_INTERVAL_S = 10.0
"""Minimum number of seconds between two checks of one connection's login."""


class GuardedSocket:
    """Wrapper of a WebSocket's `send` that checks, at most every 10 seconds, whether the user's login is still valid.

    Args:
        principal: User or service that opened the socket; None if there is no login to check.
        send: ASGI function that sends a message to the client.
    """

    def __init__(self, principal: Principal | None, send: Send) -> None:
        self._send = send
        kind: Kind = "service" if principal is not None and principal.kind == "service" else "access"
        self._claims = None if principal is None else Claims(kind, principal.user_id, "", principal.family, 0)
        self._checked_at = time.monotonic()
        self._closed = False

    async def send(self, message: Message) -> None:
        """Send an ASGI message to the WebSocket's client; close the socket instead if the client's login has ended."""
        if self._closed:
            return
        if message["type"] == "websocket.send" and not await self._login_is_valid():
            self._closed = True
            message = {"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "the login has ended"}
        await self._send(message)

    async def _login_is_valid(self) -> bool:
        """Return whether the login is still valid.

        The database is read only if the last check was 10 seconds ago or more; otherwise the login counts as valid.
        """
        if self._claims is None or time.monotonic() - self._checked_at < RECHECK_INTERVAL_S:
            return True
        self._checked_at = time.monotonic()
        return await to_thread.run_sync(token_validity.look_up, self._claims) is not None
