"""Relay that forwards Socket.IO's long-polling requests to the server process that has their session.

All processes of the server (uvicorn workers) share one port, so a request can arrive at any of them. A session's id
names its process. Each process also listens on a Unix socket of its own, to which the others forward such requests. A
WebSocket can't be forwarded: one for another process's session is closed, and its client goes on polling.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from collections.abc import AsyncIterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from veritrain_lib.server.auth.credentials import DEFERRED_LOGIN_PREFIX
from veritrain_lib.server.environment import environment
from veritrain_lib.server.live import worker_addresses

if TYPE_CHECKING:
    from aiohttp import ClientSession

SESSION_ID = re.compile(r"([0-9a-f]{16})\.[A-Za-z0-9_-]{16,64}")
"""Regular expression for a session's id; its first group is the id of the process."""

HOP_BY_HOP_HEADERS = {
    b"connection",
    b"host",
    b"content-length",
    b"transfer-encoding",
    b"upgrade",
    b"keep-alive",
}
"""Headers that apply to one connection and are not forwarded."""

_without_login: ContextVar[bool] = ContextVar("_without_login", default=False)
"""Whether the request that is being handled came without a login."""


class Relay:
    """ASGI application that serves the Socket.IO sessions of this process.

    It forwards each request of another session to the process that has the session.

    Attributes:
        worker: Random id of this process.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.worker = secrets.token_hex(8)
        self._client_sessions: dict[Path, ClientSession] = {}

    def new_session(self) -> str:
        """Return an id for a new Socket.IO session.

        It consists of the id of this process, a mark if the session has no login yet, and random text.
        """
        prefix = DEFERRED_LOGIN_PREFIX if _without_login.get() else ""
        return f"{self.worker}.{prefix}{secrets.token_urlsafe(18)}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request of this process's sessions, or forward it to the process that has its session."""
        worker = _worker_of(scope)
        if worker in (None, self.worker):
            _without_login.set(
                scope.get("state", {}).get("principal") is None and environment().requires_credentials
            )
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send(
                {"type": "websocket.close", "code": 1008, "reason": "the session belongs to another worker"}
            )
        else:
            await self._forward(worker_addresses.socket_path(str(worker)), scope, receive, send)

    async def _forward(self, socket_path: Path, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a request to another process over its Unix socket and pass the response on.

        The client gets status 400 if that process has ended; it then opens a new session.
        """
        from aiohttp import ClientConnectionError
        from yarl import URL

        url = f"http://worker{scope['path']}?{scope['query_string'].decode('ascii', 'replace')}"
        body = await _read_body(receive)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"] if name not in HOP_BY_HOP_HEADERS]  # fmt: skip
        try:
            async with self._client_session(socket_path).request(
                scope["method"], URL(url, encoded=True), headers=headers, data=body or None, allow_redirects=False
            ) as response:  # fmt: skip
                content = await response.read()
                response_headers = [
                    (name.lower(), value)
                    for name, value in response.raw_headers
                    if name.lower() not in HOP_BY_HOP_HEADERS
                ]
                response_headers.append((b"content-length", str(len(content)).encode()))
                await send(
                    {"type": "http.response.start", "status": response.status, "headers": response_headers}
                )
                await send({"type": "http.response.body", "body": content})
        except (ClientConnectionError, OSError):
            # The worker has ended, and the session with it: the client opens a new one.
            await JSONResponse("Invalid session", 400)(scope, receive, send)

    def _client_session(self, socket_path: Path) -> ClientSession:
        """Return the HTTP client for a Unix socket; it is created once for each socket."""
        from aiohttp import ClientSession, ClientTimeout, UnixConnector

        if socket_path not in self._client_sessions:
            self._client_sessions[socket_path] = ClientSession(
                connector=UnixConnector(str(socket_path), limit=0),
                timeout=ClientTimeout(total=None, sock_connect=5),  # a poll lasts as long as nothing happens
                auto_decompress=False,
            )
        return self._client_sessions[socket_path]

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen on this process's Unix socket, to which other processes forward requests, while the context is open.

        The socket's file is removed at the end.
        """
        socket_path = worker_addresses.socket_path(self.worker)
        worker_addresses.remove_dead_sockets()
        with worker_addresses.listening_socket(socket_path) as listener:
            server = _worker_server(self._app)
            await server.startup(sockets=[listener])
            serving = asyncio.create_task(server.main_loop(), name="sessions of this worker")
            try:
                yield
            finally:
                server.should_exit = True
                await serving
                await server.shutdown(sockets=[listener])
                for session in self._client_sessions.values():
                    await session.close()


def _worker_server(app: ASGIApp) -> Any:
    """Return a uvicorn server for the Unix socket: without signal handlers, lifespan and start messages."""
    import uvicorn

    class _QuietServer(uvicorn.Server):
        def _log_started_message(self, listeners: Any) -> None:
            """Log no start message, because only other processes of this server use its socket."""

    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, proxy_headers=False, ws="none",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    config.load()
    server = _QuietServer(config)
    server.lifespan = config.lifespan_class(config)
    return server


def _worker_of(scope: Scope) -> str | None:
    """Return the id of the server process that a request's session id names; None for a request without a session."""
    if scope["type"] not in ("http", "websocket"):
        return None
    session_id = parse_qs(scope.get("query_string", b"").decode("ascii", "replace")).get("sid", [""])[0]
    match = SESSION_ID.fullmatch(session_id)
    return match.group(1) if match else None


async def _read_body(receive: Receive) -> bytes:
    """Return the whole body of a request."""
    parts = []
    while True:
        message: Message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(parts)
