"""Exception for a rejected request, and the responses that report it to people, programs and MLflow's client."""

from __future__ import annotations

import json
import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from veritrain_lib.server.http.problems import problem_response

API_PATH_OF_MLFLOW = re.compile(r"/(ajax-)?api/\d\.\d/")

POLICY_VIOLATION = 1008
"""WebSocket close code (RFC 6455, section 7.4.1)."""


class Refusal(HTTPException):
    """Rejection of a request: a status, a reason without secrets, and headers."""


def login_needed(reason: str = "a login is needed") -> Refusal:
    """Return a refusal with status 401 that names the bearer scheme."""
    return Refusal(401, reason, {"WWW-Authenticate": "Bearer"})


ERROR_CODES_OF_MLFLOW = {
    400: "INVALID_PARAMETER_VALUE", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 413: "INVALID_PARAMETER_VALUE",
    429: "REQUEST_LIMIT_EXCEEDED",
}  # fmt: skip
"""Error codes that MLflow's client looks for; without one it reports an internal error."""


def refusal_response(refusal: Refusal, scope: Scope) -> Response:
    """Return a refusal as problem details, with a member `error_code` for MLflow's client."""
    request = Request(scope) if scope["type"] == "http" else None
    response = problem_response(
        refusal.status_code, refusal.detail, request, headers=dict(refusal.headers or {})
    )
    error_code = ERROR_CODES_OF_MLFLOW.get(refusal.status_code)
    if error_code is None or not API_PATH_OF_MLFLOW.match(scope["path"]):
        return response
    members = {**json.loads(bytes(response.body)), "error_code": error_code}
    headers = {key: value for key, value in response.headers.items() if key != "content-length"}
    return JSONResponse(members, refusal.status_code, headers)


async def send_refusal(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a refusal; a WebSocket handshake gets it as its HTTP response if the server supports that."""
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
