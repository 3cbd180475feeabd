"""ASGI application that answers every request with status 503 and the reason, while the server can't do its work.

It is used, for example, when the database has not been migrated. Raising an error at start-up instead would end the
process, and uvicorn would restart it for ever; a response reaches people, programs and health checks.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from veritrain_lib.server.http.problems import problem_response
from veritrain_lib.server.observability.logs import log


def not_ready(reason: str) -> ASGIApp:
    """Return an ASGI application that answers every request with status 503, and log the reason as an error.

    Args:
        reason: What is wrong and which command the operator has to run; the text of the response.
    """
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
