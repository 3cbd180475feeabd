"""A WebSocket whose login ends is closed: what was let in once must not listen for ever."""

from __future__ import annotations

import time

from anyio import to_thread
from starlette.types import Message, Send

from veritrain_lib.server.auth import token_validity
from veritrain_lib.server.auth.principal import Caller
from veritrain_lib.server.auth.refusal import POLICY_VIOLATION
from veritrain_lib.server.auth.tokens import Claims, Kind

LOOKED_AT_EVERY_S = 10.0


class WatchedSocket:
    """Asks, before something is sent, whether the caller's login still holds; at most every few seconds."""

    def __init__(self, caller: Caller | None, send: Send) -> None:
        self._send = send
        kind: Kind = "service" if caller is not None and caller.kind == "service" else "access"
        self._claims = None if caller is None else Claims(kind, caller.user_id, "", caller.family, 0)
        self._looked_at = time.monotonic()
        self._closed = False

    async def send(self, message: Message) -> None:
        """Hand on, or close in its place."""
        if self._closed:
            return
        if message["type"] == "websocket.send" and not await self._holds():
            self._closed = True
            message = {"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "the login has ended"}
        await self._send(message)

    async def _holds(self) -> bool:
        if self._claims is None or time.monotonic() - self._looked_at < LOOKED_AT_EVERY_S:
            return True
        self._looked_at = time.monotonic()
        return await to_thread.run_sync(token_validity.look_up, self._claims) is not None
