"""One log line and one observation for each request, under an id that its answer carries too.

Neither a query nor a body is ever logged: a token may stand in one. What went wrong unexpectedly is logged with its
traceback, and the client is told nothing but the id to ask about.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from veritrain_lib.server.api.problems import unexpected
from veritrain_lib.server.observability.logs import log
from veritrain_lib.server.observability.metrics import metrics
from veritrain_lib.server.observability.request_id import HEADER, request_id
from veritrain_lib.server.observability.templates import Templates

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_SEEN = "seen"
"""Where in a request's state it is kept what becomes of it."""

_LAST = ("http.response.body", "websocket.http.response.body", "websocket.close")


class Observed:
    """ASGI middleware, in front of everything. `theirs` are the path rules of MLflow's application."""

    def __init__(self, app: ASGIApp, theirs: Iterable[str] = ()) -> None:
        self._app, self._templates, self._log = app, Templates(theirs), log()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, watch, and tell."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        seen = _Seen(scope, send)
        with structlog.contextvars.bound_contextvars(request_id=seen.id):
            try:
                await self._app(scope, receive, seen.send)
            except Exception as error:
                seen.error = error
                if seen.status is None:
                    await seen.refuse()
                elif not seen.ended:
                    raise  # half an answer is out: the server must cut it off, so that nobody takes it for a whole
            finally:
                self._tell(seen)

    def _tell(self, seen: _Seen) -> None:
        seconds = time.perf_counter() - seen.began
        route = self._templates.of(seen.scope)
        method = str(seen.scope.get("method", "WEBSOCKET"))
        method = method if method in METHODS or method == "WEBSOCKET" else "OTHER"
        counted = metrics()
        if seen.is_socket:
            if seen.open:
                counted.sockets.dec()
        else:
            counted.durations.labels(method, route).observe(seconds)
        # No status: the client went away before there was an answer.
        status = seen.status or 499
        counted.requests.labels(method, route, str(status)).inc()
        told: dict[str, Any] = {
            "method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1),
            "user": _user(seen.scope),
        }  # fmt: skip
        if seen.error is not None:
            self._log.error("request", **told, exc_info=seen.error)
        elif status >= 500:
            self._log.error("request", **told)
        else:
            self._log.info("request", **told)


class Routed:
    """ASGI middleware, right in front of the routes: tells `Observed` where a request went, and whose it was.

    What stands between the two may hand on a copy of the scope; what is written into it then is seen here only.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on."""
        seen = scope.get("state", {}).get(_SEEN)
        if isinstance(seen, _Seen):
            seen.scope = scope
        await self._app(scope, receive, send)


class _Seen:
    """What becomes of one request."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope, self._send = scope, send
        self.id = request_id(scope["headers"])
        self.is_socket = scope["type"] == "websocket"
        self.began = time.perf_counter()
        self.status: int | None = None
        self.open, self.ended = False, False
        self.error: Exception | None = None
        scope.setdefault("state", {}).update({"request_id": self.id, _SEEN: self})

    async def send(self, message: Message) -> None:
        """Pass a message on, the first one with the request's id."""
        kind = message["type"]
        if kind in ("http.response.start", "websocket.http.response.start"):
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), (HEADER, self.id.encode())]}
        elif kind == "websocket.accept":
            self.status, self.open = 101, True
            metrics().sockets.inc()
        elif kind == "websocket.close" and self.status is None:
            self.status = 403  # as uvicorn answers a socket that was closed before it was opened
        self.ended = kind in _LAST and not message.get("more_body", False)
        await self._send(message)

    async def refuse(self) -> None:
        """The answer to what nobody expected."""
        if self.is_socket:
            await self.send({"type": "websocket.close", "code": 1011})
            return
        answer = unexpected(Request(self.scope), self.error or RuntimeError())
        await self.send(
            {"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers}
        )
        await self.send({"type": "http.response.body", "body": answer.body})


def _user(scope: Scope) -> str | None:
    """The id of who was let in, as the gatekeeper left it; None for who was not."""
    caller = scope.get("state", {}).get("caller")
    found = getattr(caller, "user_id", None) or getattr(caller, "id", None)
    return str(found) if found else None
