"""Requests of a long-polling session brought to the worker process that has it.

All workers share one port, so a poll may arrive anywhere. A session's id names its worker; every worker also listens
on a Unix socket of its own, to which the others hand such requests on. A WebSocket can't be handed on: one for a
session elsewhere is refused, and its client stays with polling.
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

from veritrain_lib.server.auth.credentials import SHOWS_LATER
from veritrain_lib.server.environment import environment
from veritrain_lib.server.live import worker_addresses

if TYPE_CHECKING:
    from aiohttp import ClientSession

SESSION = re.compile(r"([0-9a-f]{16})\.[A-Za-z0-9_-]{16,64}")

NOT_HANDED_ON = {b"connection", b"host", b"content-length", b"transfer-encoding", b"upgrade", b"keep-alive"}

_without_login: ContextVar[bool] = ContextVar("_without_login", default=False)
"""Whether the request that is being answered came without a login."""


class Relay:
    """ASGI application: the sessions of this process here, those of others there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.worker = secrets.token_hex(8)
        self._sessions: dict[Path, ClientSession] = {}

    def new_session(self) -> str:
        """Return an id for a session of this process, from which can be seen whether it was opened without a login."""
        mark = SHOWS_LATER if _without_login.get() else ""
        return f"{self.worker}.{mark}{secrets.token_urlsafe(18)}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer here, or as the other worker answers."""
        worker = _worker_of(scope)
        if worker in (None, self.worker):
            _without_login.set(scope.get("state", {}).get("caller") is None and environment().asks_who)
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "the session is elsewhere"})
        else:
            await self._hand_on(worker_addresses.socket_of(str(worker)), scope, receive, send)

    async def _hand_on(self, place: Path, scope: Scope, receive: Receive, send: Send) -> None:
        from aiohttp import ClientConnectionError
        from yarl import URL

        address = f"http://worker{scope['path']}?{scope['query_string'].decode('ascii', 'replace')}"
        body = await _body(receive)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"] if name not in NOT_HANDED_ON]  # fmt: skip
        try:
            async with self._session(place).request(
                scope["method"], URL(address, encoded=True), headers=headers, data=body or None, allow_redirects=False
            ) as found:  # fmt: skip
                content = await found.read()
                kept = [
                    (name.lower(), value)
                    for name, value in found.raw_headers
                    if name.lower() not in NOT_HANDED_ON
                ]
                kept.append((b"content-length", str(len(content)).encode()))
                await send({"type": "http.response.start", "status": found.status, "headers": kept})
                await send({"type": "http.response.body", "body": content})
        except (ClientConnectionError, OSError):
            # Its worker is gone, and the session with it: the client begins a new one.
            await JSONResponse("Invalid session", 400)(scope, receive, send)

    def _session(self, place: Path) -> ClientSession:
        from aiohttp import ClientSession, ClientTimeout, UnixConnector

        if place not in self._sessions:
            self._sessions[place] = ClientSession(
                connector=UnixConnector(str(place), limit=0),
                timeout=ClientTimeout(total=None, sock_connect=5),  # a poll lasts as long as nothing happens
                auto_decompress=False,
            )
        return self._sessions[place]

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen on this worker's own socket for as long as the context is open."""
        place = worker_addresses.socket_of(self.worker)
        worker_addresses.clear_dead()
        with worker_addresses.bound(place) as bound:
            server = _inner(self._app)
            await server.startup(sockets=[bound])
            running = asyncio.create_task(server.main_loop(), name="sessions of this worker")
            try:
                yield
            finally:
                server.should_exit = True
                await running
                await server.shutdown(sockets=[bound])
                for session in self._sessions.values():
                    await session.close()


def _inner(app: ASGIApp) -> Any:
    """A uvicorn server without signals, lifespan or announcements of its own."""
    import uvicorn

    class Inner(uvicorn.Server):
        def _log_started_message(self, listeners: Any) -> None:
            """Nobody but the other workers needs to know."""

    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, proxy_headers=False, ws="none",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    config.load()
    server = Inner(config)
    server.lifespan = config.lifespan_class(config)
    return server


def _worker_of(scope: Scope) -> str | None:
    """The worker that a request's session id names, None without a session."""
    if scope["type"] not in ("http", "websocket"):
        return None
    given = parse_qs(scope.get("query_string", b"").decode("ascii", "replace")).get("sid", [""])[0]
    found = SESSION.fullmatch(given)
    return found.group(1) if found else None


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message: Message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(parts)
