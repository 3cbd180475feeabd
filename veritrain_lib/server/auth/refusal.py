"""A request that is not let through, and how it is told so."""

from __future__ import annotations

import json
import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from veritrain_lib.server.api.problems import problem

MLFLOWS_PATHS = re.compile(r"/(ajax-)?api/\d\.\d/")

POLICY_VIOLATION = 1008
"""WebSocket close code (RFC 6455, section 7.4.1)."""


class Refusal(HTTPException):
    """Not let through: a status, a reason without secrets, headers."""


def login_needed(reason: str = "a login is needed") -> Refusal:
    """401, with the one way in that programs have."""
    return Refusal(401, reason, {"WWW-Authenticate": "Bearer"})


MLFLOWS_NAMES = {
    400: "INVALID_PARAMETER_VALUE", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 413: "INVALID_PARAMETER_VALUE",
    429: "REQUEST_LIMIT_EXCEEDED",
}  # fmt: skip
"""Error codes that MLflow's client looks for; without one it speaks of an internal error."""


def answer(refusal: Refusal, scope: Scope) -> Response:
    """The refusal as problem details, with a member `error_code` for MLflow's client."""
    request = Request(scope) if scope["type"] == "http" else None
    said = problem(refusal.status_code, refusal.detail, request, headers=dict(refusal.headers or {}))
    name = MLFLOWS_NAMES.get(refusal.status_code)
    if name is None or not MLFLOWS_PATHS.match(scope["path"]):
        return said
    members = {**json.loads(bytes(said.body)), "error_code": name}
    headers = {key: value for key, value in said.headers.items() if key != "content-length"}
    return JSONResponse(members, refusal.status_code, headers)


async def refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a refusal; a WebSocket handshake gets it as the answer to its upgrade where the server can say so."""
    if scope["type"] == "http":
        await response(scope, receive, send)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await send(
            {
                "type": "websocket.http.response.start",
                "status": response.status_code,
                "headers": response.raw_headers,
            }
        )
        await send({"type": "websocket.http.response.body", "body": bytes(response.body)})
    else:
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "refused"})
