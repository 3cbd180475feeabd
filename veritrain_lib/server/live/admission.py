"""Who may connect by Socket.IO: whoever the gatekeeper knows, or who shows a token in Socket.IO's own `auth`.

A browser's client has no other way than `auth: {token}`: it can set no header on a WebSocket, and its cookie is
another site's where the page comes from a server of its own.
"""

from __future__ import annotations

import asyncio
from typing import Any

from anyio import to_thread

from veritrain_lib.server.auth import access_link, credentials, token_validity
from veritrain_lib.server.auth.guarded_socket import LOOKED_AT_EVERY_S
from veritrain_lib.server.auth.tokens import Claims
from veritrain_lib.server.environment import environment

CONNECT_WITHIN_S = 10.0
"""How long a session may be open before it connects, in seconds; a client does so at once."""


class Admission:
    """Lets connections of one Socket.IO server in, and ends them when what they showed holds no more."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._watched: dict[str, asyncio.Task[None]] = {}

    async def connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        """Let a connection in.

        Args:
            sid: the connection.
            environ: of the handshake; `asgi.scope` has what the gatekeeper found.
            auth: what the client gave as `auth`: `{"token": TEXT}`, an access or a service token or, where nobody signs
                in, that of the server's link; with or without the word `Bearer` before it.

        Raises:
            ConnectionRefusedError: Socket.IO's own: nobody signed in, and the token does not hold.
        """
        from socketio.exceptions import ConnectionRefusedError as Refused

        state, settings = environ.get("asgi.scope", {}).get("state", {}), environment()
        if state.get("caller") is not None or not settings.asks_who:
            return
        given = auth.get("token") if isinstance(auth, dict) else None
        if not isinstance(given, str) or not given:
            raise Refused("a login is needed: send auth: {token: ...}")
        token = given.removeprefix("Bearer ").strip()
        if not settings.needs_login:
            if not access_link.is_token(token):
                raise Refused("this token does not hold")
            return
        shown = await credentials.caller_of_token(token)
        if shown is None:
            raise Refused("this token does not hold")
        watch = self._watch(sid, shown[1])
        self._watched[sid] = asyncio.create_task(watch, name=f"login of connection {sid[:8]}")

    def leave(self, sid: str) -> None:
        """Stop watching a connection that has ended."""
        task = self._watched.pop(sid, None)
        if task is not None:
            task.cancel()

    def expect(self, session: str) -> None:
        """Close a session that was just opened if it has not connected within `CONNECT_WITHIN_S`."""
        loop = asyncio.get_running_loop()
        loop.call_later(CONNECT_WITHIN_S, lambda: loop.create_task(self._close_if_not_connected(session)))

    async def _close_if_not_connected(self, session: str) -> None:
        if session in self._server.eio.sockets and not self._server.manager.sid_from_eio_sid(session, "/"):
            await self._server.eio.disconnect(session)

    async def _watch(self, sid: str, claims: Claims) -> None:
        """End the connection once the login has ended, as `WatchedSocket` does for those that came with one."""
        while await to_thread.run_sync(token_validity.look_up, claims) is not None:
            await asyncio.sleep(LOOKED_AT_EVERY_S)
        del self._watched[sid]
        await self._server.disconnect(sid)
