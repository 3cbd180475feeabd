"""Middleware that writes one log line and updates the metrics for each request.

The log line and the response contain the request's id. Query strings and bodies are never logged, since they may
contain a token. Unexpected exceptions are logged with their traceback; the client gets only the request's id.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from veritrain_lib.server.http.problems import unexpected_error_response
from veritrain_lib.server.observability.logs import log
from veritrain_lib.server.observability.metrics import metrics
from veritrain_lib.server.observability.request_id import HEADER, request_id
from veritrain_lib.server.observability.templates import PathTemplates

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""HTTP methods that metrics name; any other is counted as OTHER."""

_STATE_KEY = "seen"
"""Key in a request's ASGI state under which its `_ObservedRequest` is kept."""

_FINAL_MESSAGES = ("http.response.body", "websocket.http.response.body", "websocket.close")
"""Types of ASGI messages that can be the last one of a response."""


class RequestObserver:
    """Outermost ASGI middleware, which logs and counts each request and answers unexpected exceptions.

    Args:
        app: Application that handles the requests.
        mlflow_rules: URL rules of MLflow's Flask application, for the names of routes.
    """

    def __init__(self, app: ASGIApp, mlflow_rules: Iterable[str] = ()) -> None:
        self._app, self._templates, self._log = app, PathTemplates(mlflow_rules), log()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, then log and count it.

        If the application raises an exception, the request is answered here with status 500 or 503.
        """
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request = _ObservedRequest(scope, send)
        with structlog.contextvars.bound_contextvars(request_id=request.id):
            try:
                await self._app(scope, receive, request.send)
            except Exception as error:
                request.error = error
                if request.status is None:
                    await request.refuse()
                elif not request.has_ended:
                    raise  # half a response was sent: the server must cut it off, so that nobody takes it for complete
            finally:
                self._log_and_count(request)

    def _log_and_count(self, request: _ObservedRequest) -> None:
        """Write the log line of a finished request and update the metrics."""
        seconds = time.perf_counter() - request.started_at
        route = self._templates.template_of(request.scope)
        method = str(request.scope.get("method", "WEBSOCKET"))
        method = method if method in METHODS or method == "WEBSOCKET" else "OTHER"
        counts = metrics()
        if request.is_websocket:
            if request.is_open:
                counts.sockets.dec()
        else:
            counts.durations.labels(method, route).observe(seconds)
        # No status: the client disconnected before there was a response.
        status = request.status or 499
        counts.requests.labels(method, route, str(status)).inc()
        fields: dict[str, Any] = {
            "method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1),
            "user": _user_id(request.scope),
        }  # fmt: skip
        if request.error is not None:
            self._log.error("request", **fields, exc_info=request.error)
        elif status >= 500:
            self._log.error("request", **fields)
        else:
            self._log.info("request", **fields)


class RouteRecorder:
    """Innermost ASGI middleware, directly in front of the routes, which keeps a request's final scope for its log line.

    Middleware such as the gatekeeper passes on a copy of the scope. Route and user are written into the copy, so
    `RequestObserver` could not see them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Store the scope for the log line, and pass the request on."""
        request = scope.get("state", {}).get(_STATE_KEY)
        if isinstance(request, _ObservedRequest):
            request.scope = scope
        await self._app(scope, receive, send)


class _ObservedRequest:
    """Data of one request for its log line: id, start time, status, exception, and whether the response is complete."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope, self._send = scope, send
        self.id = request_id(scope["headers"])
        self.is_websocket = scope["type"] == "websocket"
        self.started_at = time.perf_counter()
        self.status: int | None = None
        self.is_open, self.has_ended = False, False
        self.error: Exception | None = None
        scope.setdefault("state", {}).update({"request_id": self.id, _STATE_KEY: self})

    async def send(self, message: Message) -> None:
        """Send an ASGI message of the response; the first one gets the request's id as a header."""
        kind = message["type"]
        if kind in ("http.response.start", "websocket.http.response.start"):
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), (HEADER, self.id.encode())]}
        elif kind == "websocket.accept":
            self.status, self.is_open = 101, True
            metrics().sockets.inc()
        elif kind == "websocket.close" and self.status is None:
            self.status = 403  # as uvicorn answers a socket that was closed before it was opened
        self.has_ended = kind in _FINAL_MESSAGES and not message.get("more_body", False)
        await self._send(message)

    async def refuse(self) -> None:
        """Send the response to an unexpected exception: an HTTP error, or close code 1011 on a WebSocket."""
        if self.is_websocket:
            await self.send({"type": "websocket.close", "code": 1011})
            return
        response = unexpected_error_response(Request(self.scope), self.error or RuntimeError())
        await self.send(
            {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
        )
        await self.send({"type": "http.response.body", "body": response.body})


def _user_id(scope: Scope) -> str | None:
    """Return the id of the user or service that the gatekeeper has authenticated; None if there is none."""
    principal = scope.get("state", {}).get("principal")
    user_id = getattr(principal, "user_id", None) or getattr(principal, "id", None)
    return str(user_id) if user_id else None
