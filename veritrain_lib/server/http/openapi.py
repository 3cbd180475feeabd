"""Additions to the OpenAPI document that FastAPI generates: how to sign in, and the error statuses of each operation.

Add a new operation to the sets below if it can return one of their statuses. `tests/server/documented.py` checks each
response in the tests against the document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

MEDIA_TYPE = "application/problem+json"
"""Media type of error responses (RFC 9457)."""

ALWAYS_POSSIBLE = frozenset({"403", "429"})
"""Statuses that any operation can return: 403 for an unknown host or origin, 429 for too many requests."""

PUBLIC_WITH_401 = frozenset({"POST /auth/login", "POST /auth/refresh"})
"""Operations that need no login and still return 401, for wrong credentials in the request."""

NOT_FOUND = frozenset({
    "POST /auth/tokens", "POST /datasets", "POST /datasets/generate", "POST /datasets/generate/estimate", "POST /evaluations",
    "POST /evaluations/compare", "POST /experiments", "POST /models",
})  # fmt: skip
"""Operations that return 404 for a resource named in the body. Operations with an id in their path always can."""

BAD_STATE = frozenset({
    "POST /datasets/{dataset_id}/review", "POST /experiments/{experiment_id}/start",
    "POST /experiments/{experiment_id}/stop",
})  # fmt: skip
"""Operations that return 400 if the resource's state does not allow them, as existing clients expect."""

CONFLICT = frozenset({
    "POST /auth/login", "POST /auth/refresh", "PUT /auth/me/password", "POST /auth/tokens", "POST /auth/users",
    "PATCH /auth/users/{user_id}", "DELETE /auth/users/{user_id}",
    "POST /datasets", "POST /datasets/generate", "POST /datasets/generate/estimate",
    "GET /datasets/{dataset_id}", "DELETE /datasets/{dataset_id}",
    "POST /datasets/{dataset_id}/review", "POST /datasets/{dataset_id}/versions", "PATCH /datasets/{dataset_id}",
    "POST /evaluations", "POST /evaluations/compare", "DELETE /evaluations/{evaluation_id}",
    "POST /experiments", "POST /experiments/{experiment_id}/clone", "POST /experiments/{experiment_id}/start",
    "POST /experiments/{experiment_id}/stop", "DELETE /experiments/{experiment_id}",
    "POST /models", "DELETE /models/{model_id}", "POST /models/{model_id}/probe", "PATCH /models/{model_id}/status",
    "POST /reports", "GET /reports/{report_id}", "PUT /reports/{report_id}", "POST /reports/{report_id}/publish",
    "GET /reports/{report_id}/export", "PUT /settings/system",
})  # fmt: skip
"""Operations that return 409 if the resource's state does not allow them, or the file of its task is gone."""

UNSUPPORTED_MEDIA_TYPE = frozenset({"POST /datasets", "POST /datasets/{dataset_id}/versions"})
"""Operations that return 415 for a body or an uploaded file in an unsupported format."""

NEVER_UNAVAILABLE = frozenset({"GET /health/live"})
"""Operations that never return 503, since they use neither the database nor files."""


def possible_error_statuses(name: str, operation: dict[str, Any], *, public: bool) -> set[str]:
    """Return the HTTP error statuses (400 and above) that an operation of the REST API can return.

    Args:
        name: Method and path below `/api/v1` with parameters in braces, such as `GET /models/{model_id}`.
        operation: OpenAPI description of the operation, which shows whether it has parameters and a body.
        public: Whether the operation needs no login.
    """
    has_body, has_path_parameter = "requestBody" in operation, "{" in name
    statuses = set(ALWAYS_POSSIBLE)
    if not public or name in PUBLIC_WITH_401:
        statuses.add("401")
    if has_body:
        statuses |= {"400", "413"}
    if has_body or operation.get("parameters"):
        statuses.add("422")
    if has_path_parameter or name in NOT_FOUND:
        statuses.add("404")
    if name in BAD_STATE:
        statuses.add("400")
    if name in CONFLICT:
        statuses.add("409")
    if name in UNSUPPORTED_MEDIA_TYPE:
        statuses.add("415")
    if name not in NEVER_UNAVAILABLE:
        statuses.add("503")
    return statuses


def complete_openapi(app: FastAPI, is_public: Callable[[str, str], bool], session_cookie: str) -> None:
    """Replace `app.openapi` so that the OpenAPI document is completed (`complete_schema`) when it is first generated.

    Args:
        app: The FastAPI application.
        is_public: Function of a method and a path below `/api/v1` that returns whether the operation needs no login.
        session_cookie: Name of the cookie that a signed-in browser sends.
    """
    original = app.openapi

    def openapi() -> dict[str, Any]:
        first = app.openapi_schema is None
        schema = original()
        if first:
            complete_schema(schema, is_public, session_cookie)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def complete_schema(
    schema: dict[str, Any], is_public: Callable[[str, str], bool], session_cookie: str
) -> None:
    """Add login methods, error statuses and the media type of errors to an OpenAPI document, which is changed in place.

    FastAPI itself documents the same error statuses for all operations, and errors as plain JSON.

    Args:
        schema: OpenAPI document that FastAPI generated.
        is_public: Function of a method and a path below `/api/v1` that returns whether the operation needs no login.
        session_cookie: Name of the cookie that a signed-in browser sends.
    """
    schema.setdefault("components", {})["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "an access token of POST /auth/login, or a service token",
        },
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": session_cookie,
            "description": "session cookie of a browser that signed in at /login",
        },
    }
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            public = is_public(method.upper(), path)
            operation["security"] = [] if public else [{"bearer": []}, {"cookie": []}]
            possible = possible_error_statuses(f"{method.upper()} {path}", operation, public=public)
            operation["responses"] = {
                code: _with_problem_media_type(response)
                for code, response in operation["responses"].items()
                if code < "400" or code in possible or "Problem" not in str(response.get("content"))
            }


def _with_problem_media_type(response: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI description of a response; an error gets the media type `application/problem+json`."""
    content = response.get("content", {})
    if "Problem" not in str(content.get("application/json")):
        return response
    return {**response, "content": {MEDIA_TYPE: content["application/json"]}}
