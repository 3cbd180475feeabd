"""WebSocket wrapper that closes the connection when the login it was opened with is no longer valid."""

from __future__ import annotations

import time

from anyio import to_thread
from starlette.types import Message, Send

from veritrain_lib.server.auth import token_validity
from veritrain_lib.server.auth.refusal import POLICY_VIOLATION
from veritrain_lib.server.auth.tokens import Claims, Kind
from veritrain_lib.server.http.current_user import Principal

RECHECK_INTERVAL_S = 10.0


class GuardedSocket:
    """Wrapper of `send` that checks, at most every few seconds, that the principal's login is still valid."""

    def __init__(self, principal: Principal | None, send: Send) -> None:
        self._send = send
        kind: Kind = "service" if principal is not None and principal.kind == "service" else "access"
        self._claims = None if principal is None else Claims(kind, principal.user_id, "", principal.family, 0)
        self._checked_at = time.monotonic()
        self._closed = False

    async def send(self, message: Message) -> None:
        """Pass a message on, or close the socket in its place if the login has ended."""
        if self._closed:
            return
        if message["type"] == "websocket.send" and not await self._login_is_valid():
            self._closed = True
            message = {"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "the login has ended"}
        await self._send(message)

    async def _login_is_valid(self) -> bool:
        if self._claims is None or time.monotonic() - self._checked_at < RECHECK_INTERVAL_S:
            return True
        self._checked_at = time.monotonic()
        return await to_thread.run_sync(token_validity.look_up, self._claims) is not None
