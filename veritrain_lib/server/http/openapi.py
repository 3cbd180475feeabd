"""Additions to the generated OpenAPI schema: sign-in, and the error statuses of each operation.

`tests/server/documented.py` checks every response that a test receives against it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

MEDIA_TYPE = "application/problem+json"

ALWAYS_POSSIBLE = frozenset({"403", "429"})
"""Unknown host or origin, and too many requests: decided before anything else is checked."""

PUBLIC_WITH_401 = frozenset({"POST /auth/login", "POST /auth/refresh"})
"""Public operations that still return 401, for wrong credentials in the request."""

NOT_FOUND = frozenset({
    "POST /auth/tokens", "POST /datasets", "POST /datasets/generate", "POST /datasets/generate/estimate", "POST /evaluations",
    "POST /evaluations/compare", "POST /experiments", "POST /models",
})  # fmt: skip
"""404 for something that the body names; every operation whose path names something has it too."""

BAD_STATE = frozenset({
    "POST /datasets/{dataset_id}/review", "POST /experiments/{experiment_id}/start",
    "POST /experiments/{experiment_id}/stop",
})  # fmt: skip
"""400: the resource is not in a state that allows the operation, as the API contract defines it."""

CONFLICT = frozenset({
    "POST /auth/login", "POST /auth/refresh", "PUT /auth/me/password", "POST /auth/tokens", "POST /auth/users",
    "PATCH /auth/users/{user_id}", "DELETE /auth/users/{user_id}",
    "POST /datasets", "POST /datasets/generate", "POST /datasets/generate/estimate", "DELETE /datasets/{dataset_id}",
    "POST /datasets/{dataset_id}/review", "POST /datasets/{dataset_id}/versions", "PATCH /datasets/{dataset_id}",
    "POST /evaluations", "POST /evaluations/compare", "DELETE /evaluations/{evaluation_id}",
    "POST /experiments", "POST /experiments/{experiment_id}/clone", "POST /experiments/{experiment_id}/start",
    "POST /experiments/{experiment_id}/stop", "DELETE /experiments/{experiment_id}",
    "POST /models", "DELETE /models/{model_id}", "POST /models/{model_id}/probe", "PATCH /models/{model_id}/status",
    "POST /reports", "PUT /reports/{report_id}", "POST /reports/{report_id}/publish",
    "GET /reports/{report_id}/export", "PUT /settings/system",
})  # fmt: skip
"""409: the resource is not in a state that allows the operation."""

UNSUPPORTED_MEDIA_TYPE = frozenset({"POST /datasets", "POST /datasets/{dataset_id}/versions"})
"""415: a body or a file in an unsupported format."""

NEVER_UNAVAILABLE = frozenset({"GET /health/live"})
"""Uses neither the database nor files, so it never returns 503."""


def possible_error_statuses(name: str, operation: dict[str, Any], *, public: bool) -> set[str]:
    """Return the statuses from 400 up that an operation may return.

    Args:
        name: HTTP method in capitals and path below `/api/v1`, with its parameters in braces.
        operation: OpenAPI description of the operation, which says whether it has parameters and a body.
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
    """Have an application complete its OpenAPI schema when it is first generated.

    Args:
        app: The application.
        is_public: Function that says whether the operation of a method and of a path below `/api/v1` needs no login.
        session_cookie: Name of the cookie of a browser that signed in.
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
    """Add sign-in, error statuses and the media type of errors to an OpenAPI schema, in place.

    FastAPI only knows the statuses of all operations together, and describes errors as plain JSON.

    Args:
        schema: The schema as FastAPI generates it.
        is_public: As in `complete_openapi`.
        session_cookie: As in `complete_openapi`.
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
    content = response.get("content", {})
    if "Problem" not in str(content.get("application/json")):
        return response
    return {**response, "content": {MEDIA_TYPE: content["application/json"]}}
