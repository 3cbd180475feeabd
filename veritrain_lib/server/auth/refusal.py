"""Exception `Refusal`, by which a check rejects a request, and the responses made from it."""

from __future__ import annotations

import json
import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from veritrain_lib.server.http.problems import problem_response

API_PATH_OF_MLFLOW = re.compile(r"/(ajax-)?api/\d\.\d/")
"""Regular expression for paths of MLflow's REST API, whose clients expect an `error_code` in an error response."""

POLICY_VIOLATION = 1008
"""WebSocket close code for a connection that is not allowed (RFC 6455, section 7.4.1)."""


class Refusal(HTTPException):
    """Exception that rejects a request: HTTP status, a reason that contains no secret, and extra response headers."""


def login_needed(reason: str = "a login is needed") -> Refusal:
    """Return the exception (status 401) for a request without a valid login."""
    return Refusal(401, reason, {"WWW-Authenticate": "Bearer"})


ERROR_CODES_OF_MLFLOW = {
    400: "INVALID_PARAMETER_VALUE", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 413: "INVALID_PARAMETER_VALUE",
    429: "REQUEST_LIMIT_EXCEEDED",
}  # fmt: skip
"""MLflow's error code for each HTTP status. Without one, MLflow's client would report an internal error."""


def refusal_response(refusal: Refusal, scope: Scope) -> Response:
    """Return the HTTP response to a rejected request: JSON problem details (RFC 9457).

    On paths of MLflow's API it also has the `error_code` that MLflow's client expects.
    """
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
    """Send the response to a rejected HTTP request or WebSocket handshake.

    If the ASGI server can't answer a handshake with an HTTP response, the WebSocket is closed with code 1008.
    """
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
