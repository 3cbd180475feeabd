"""Error responses of the REST API as problem details (RFC 9457), and the exceptions that lead to them.

`detail` and `message` hold the same text: clients in backends read the first, clients in web pages the second.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Match

from veritrain_lib.core.errors import BudgetExceeded, Infrastructure, Refused, UserError
from veritrain_lib.core.machine_fault import machine_fault
from veritrain_lib.redaction import redact

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One invalid field of a request: its path, such as `body.config.epochs`, and the reason."""

    field: str
    message: str


class Problem(BaseModel):
    """Error response of the REST API (problem details, RFC 9457): what is wrong and what to do about it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    message: str
    instance: str = ""
    errors: list[FieldError] = []


class NotFound(UserError):
    """Error 404: the requested resource does not exist."""


class Conflict(Refused):
    """Error 409: the state of the resource does not allow the operation."""


class BadState(UserError):
    """Error 400: the state of the resource does not allow the operation.

    It is used where existing clients expect status 400; elsewhere the same error has status 409 (`Conflict`).
    """


class WrongField(UserError):
    """Error 422: a field of the request is not valid, such as a name that does not exist.

    Args:
        field: Path of the field, such as `body.task`.
        message: Reason, for people.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotAllowed(WrongField):
    """Error 403: a value in the request body needs a role that the user does not have."""


class WrongFields(UserError):
    """Error 422 for several invalid values at once, such as rows of a file.

    Args:
        message: Summary, for people.
        errors: Path and reason of each invalid value.
    """

    def __init__(self, message: str, errors: list[FieldError]) -> None:
        super().__init__(message)
        self.errors = errors


STATUS: dict[type[UserError], int] = {
    NotFound: 404, BadState: 400, NotAllowed: 403, WrongField: 422, Conflict: 409, BudgetExceeded: 409, Refused: 409,
    Infrastructure: 503,
}  # fmt: skip
"""HTTP status of each subclass of `UserError`; the first class that matches counts, and any other has 422."""

RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "description": HTTPStatus(code).phrase}
    for code in (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
}
"""Error responses that the OpenAPI document can list for an operation, by status."""


def problem_response(
    status: int, detail: str, request: Request | None = None, errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:  # fmt: skip
    """Return an error response with problem details (RFC 9457); secrets in its texts are masked.

    Args:
        status: HTTP status.
        detail: What is wrong and what to do about it.
        request: The request, whose path the response names; None to name none.
        errors: Invalid fields.
        headers: Extra response headers.
    """
    detail = redact(detail)
    redacted = [FieldError(field=error.field, message=redact(error.message)) for error in errors or []]
    content = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, message=detail,
        instance=request.url.path if request else "", errors=redacted,
    )  # fmt: skip
    return JSONResponse(content.model_dump(), status, headers=headers, media_type=MEDIA_TYPE)


def unexpected_error_response(request: Request, error: Exception) -> JSONResponse:
    """Return the response to an unexpected exception: 503 for a fault of the machine, otherwise 500.

    A fault of the machine (a full disk, an unreachable database) is described, since it may pass soon. Any other error
    is not described: the response names only the request id, under which the log has details.
    """
    request_id = getattr(request.state, "request_id", "")
    fault = machine_fault(error, show_paths=False)
    if fault is not None:
        message = f"The server's machine can't do this now: {fault}. (Request {request_id})"
        return problem_response(503, message, request, headers={"Retry-After": "10"})
    return problem_response(
        500, f"Something went wrong here; the log has details under request {request_id}.", request
    )


def _allowed(app: FastAPI, request: Request) -> list[str]:
    """Return the HTTP methods of all routes that match the request's path.

    Starlette itself would return only those of the first route.
    """
    matching = [route for route in app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in matching for method in getattr(route, "methods", None) or ()})


def install_error_handlers(app: FastAPI) -> None:
    """Make a FastAPI application answer every error with problem details (RFC 9457).

    The text of an unexpected error is only logged, not sent.
    """
    app.add_exception_handler(Exception, unexpected_error_response)

    @app.exception_handler(UserError)
    def _user(request: Request, error: UserError) -> JSONResponse:
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 422)
        field = getattr(error, "field", "")
        errors = [FieldError(field=field, message=str(error))] if field else getattr(error, "errors", [])
        return problem_response(status, str(error), request, errors)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_allowed(app, request))
        return problem_response(error.status_code, str(error.detail), request, headers=headers)

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            FieldError(field=".".join(str(step) for step in item["loc"]), message=item["msg"])
            for item in error.errors()
        ]
        detail = "; ".join(f"{item.field}: {item.message}" for item in errors[:5])
        return problem_response(422, detail, request, errors)
