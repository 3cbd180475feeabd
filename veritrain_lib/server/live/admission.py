"""Login check of Socket.IO connections: by the gatekeeper, or by a token in Socket.IO's own `auth` message.

`auth: {token}` is needed by a web page that another server delivers: its script can set no header on a WebSocket, and
its cookie belongs to another site.
"""

from __future__ import annotations

import asyncio
from typing import Any

from anyio import to_thread

from veritrain_lib.server.auth import access_link, credentials, token_validity
from veritrain_lib.server.auth.guarded_socket import RECHECK_INTERVAL_S
from veritrain_lib.server.auth.tokens import Claims
from veritrain_lib.server.environment import environment

CONNECT_TIMEOUT_S = 10.0
"""Seconds within which a new Socket.IO session must connect; real clients connect at once."""


class SocketAdmission:
    """Login check of the Socket.IO connections of this process; a connection is closed when its login ends.

    Args:
        server: The `socketio.AsyncServer`.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self._login_watchers: dict[str, asyncio.Task[None]] = {}

    async def connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        """Accept or reject a new Socket.IO connection.

        Args:
            sid: Id of the connection.
            environ: Environment of the handshake; its `asgi.scope` holds the user, if the gatekeeper has authenticated
                one.
            auth: Value that the client sent as `auth`: `{"token": TEXT}`. The token is an access or service token or,
                on a server without accounts, that of the access link; `Bearer ` may stand before it.

        Raises:
            ConnectionRefusedError: Socket.IO's class of this name: neither the gatekeeper nor the token authenticates
                the client.
        """
        from socketio.exceptions import ConnectionRefusedError as SocketRefused

        state, settings = environ.get("asgi.scope", {}).get("state", {}), environment()
        if state.get("principal") is not None or not settings.requires_credentials:
            return
        token_text = auth.get("token") if isinstance(auth, dict) else None
        if not isinstance(token_text, str) or not token_text:
            raise SocketRefused("a login is needed: send auth: {token: ...}")
        token = token_text.removeprefix("Bearer ").strip()
        if not settings.needs_login:
            if not access_link.is_token(token):
                raise SocketRefused("this token is not valid")
            return
        authenticated = await credentials.authenticate_token(token)
        if authenticated is None:
            raise SocketRefused("this token is not valid")
        watch_login = self._watch_login(sid, authenticated[1])
        self._login_watchers[sid] = asyncio.create_task(watch_login, name=f"login of connection {sid[:8]}")

    def leave(self, sid: str) -> None:
        """Stop checking the login of a Socket.IO connection that has ended."""
        task = self._login_watchers.pop(sid, None)
        if task is not None:
            task.cancel()

    def expect(self, session: str) -> None:
        """Close a new Socket.IO session if its client has not connected within `CONNECT_TIMEOUT_S` seconds."""
        loop = asyncio.get_running_loop()
        loop.call_later(CONNECT_TIMEOUT_S, lambda: loop.create_task(self._close_if_not_connected(session)))

    async def _close_if_not_connected(self, session: str) -> None:
        """Close a Socket.IO session whose client has not connected."""
        if session in self._server.eio.sockets and not self._server.manager.sid_from_eio_sid(session, "/"):
            await self._server.eio.disconnect(session)

    async def _watch_login(self, sid: str, claims: Claims) -> None:
        """Close a connection once its login has ended.

        The login is checked every 10 seconds, as for other WebSockets.
        """
        while await to_thread.run_sync(token_validity.look_up, claims) is not None:
            await asyncio.sleep(RECHECK_INTERVAL_S)
        del self._login_watchers[sid]
        await self._server.disconnect(sid)
