"""A server that can't serve yet and says why.

An application that can't be made ends its worker process, and uvicorn starts workers that ended anew, for ever. So
the reason is an answer instead, which people, programs and whatever asks for the server's health all see.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from veritrain_lib.server.api.problems import problem
from veritrain_lib.server.observability.logs import log


def not_ready(why: str) -> ASGIApp:
    """Answers 503 to every request, with what is to be done; the log has it once for each worker process."""
    log().error("not ready", why=why)
    begins_and_ends = Starlette()

    async def say(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await problem(503, why, Request(scope))(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(problem(503, why))
        else:
            await begins_and_ends(scope, receive, send)

    return say
