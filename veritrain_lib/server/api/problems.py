"""Errors as problem details (RFC 9457), with the path of each field that was wrong.

`message` repeats the text for page clients, `detail` is read by backend clients.
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

from veritrain_lib.core.errors import Infrastructure, OutOfMoney, Refused, UserError
from veritrain_lib.core.machine_fault import machine_fault
from veritrain_lib.redaction import redact

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One field that was wrong: where (such as `body.config.epochs`), and why."""

    field: str
    message: str


class Problem(BaseModel):
    """What went wrong, and what to do about it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    message: str
    instance: str = ""
    errors: list[FieldError] = []


class NotFound(UserError):
    """There is no such thing (404)."""


class Conflict(Refused):
    """The thing is not in a state for that (409)."""


class BadState(UserError):
    """The thing is not in a state for that, in the words of the contract (400)."""


class WrongField(UserError):
    """A field of the body is wrong in a way that only the record knows (422)."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotAllowed(WrongField):
    """A field of the body asks for what the caller's role does not allow (403)."""


class WrongFields(UserError):
    """Several things are wrong, such as rows of a file (422); `errors` says where and why."""

    def __init__(self, message: str, errors: list[FieldError]) -> None:
        super().__init__(message)
        self.errors = errors


STATUS: dict[type[UserError], int] = {
    NotFound: 404, BadState: 400, NotAllowed: 403, WrongField: 422, Conflict: 409, OutOfMoney: 409, Refused: 409,
    Infrastructure: 503,
}  # fmt: skip
"""What a user's mistake is to a client; any other is 422."""

RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "description": HTTPStatus(code).phrase}
    for code in (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
}
"""For every operation's documentation."""


def problem(
    status: int, detail: str, request: Request | None = None, errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:  # fmt: skip
    """A problem as an answer."""
    detail = redact(detail)
    told = [FieldError(field=one.field, message=redact(one.message)) for one in errors or []]
    said = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, message=detail,
        instance=request.url.path if request else "", errors=told,
    )  # fmt: skip
    return JSONResponse(said.model_dump(), status, headers=headers, media_type=MEDIA_TYPE)


def unexpected(request: Request, error: Exception) -> JSONResponse:
    """The answer to an error that nobody expected: the id under which the log tells more, and nothing else.

    A fault of the machine (a full disk, a database that is away) is said: it is no defect, and may be over soon.
    """
    number = getattr(request.state, "request_id", "")
    fault = machine_fault(error, places=False)
    if fault is not None:
        said = f"The server's machine can't do this now: {fault}. (Request {number})"
        return problem(503, said, request, headers={"Retry-After": "10"})
    return problem(500, f"Something went wrong here; the log tells more about request {number}.", request)


def _allowed(app: FastAPI, request: Request) -> list[str]:
    """The methods of every route of a path; Starlette names those of the first one only."""
    fits = [route for route in app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in fits for method in getattr(route, "methods", None) or ()})


def _described(app: FastAPI) -> None:
    """Have the description say what each operation may answer, and how to sign in."""
    from veritrain_lib.server.api.openapi import describe

    make = app.openapi

    def openapi() -> dict[str, Any]:
        made = app.openapi_schema is None
        schema = make()
        if made:
            describe(schema)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def install(app: FastAPI) -> None:
    """Have an application answer its errors so. Nothing of an unexpected error is shown; it is logged."""
    app.add_exception_handler(Exception, unexpected)
    _described(app)

    @app.exception_handler(UserError)
    def _user(request: Request, error: UserError) -> JSONResponse:
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 422)
        field = getattr(error, "field", "")
        errors = [FieldError(field=field, message=str(error))] if field else getattr(error, "errors", [])
        return problem(status, str(error), request, errors)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_allowed(app, request))
        return problem(error.status_code, str(error.detail), request, headers=headers)

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            FieldError(field=".".join(str(step) for step in one["loc"]), message=one["msg"])
            for one in error.errors()
        ]
        said = "; ".join(f"{one.field}: {one.message}" for one in errors[:5])
        return problem(422, said, request, errors)
