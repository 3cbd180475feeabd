"""Application that answers 503 with a reason while the server can't serve yet.

If the application can't be created, its worker process ends, and uvicorn restarts such workers for ever. So the reason
is sent as a response instead, which people, programs and health checks see.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from veritrain_lib.server.http.problems import problem_response
from veritrain_lib.server.observability.logs import log


def not_ready(reason: str) -> ASGIApp:
    """Return an application that answers 503 with what to do; log the reason once per worker process."""
    log().error("not ready", why=reason)
    lifespan_app = Starlette()

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await problem_response(503, reason, Request(scope))(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(problem_response(503, reason))
        else:
            await lifespan_app(scope, receive, send)

    return respond
