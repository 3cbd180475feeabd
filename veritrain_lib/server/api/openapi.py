"""What the API's description (OpenAPI) says beside its routes: how to sign in, and what each operation may answer.

`tests/server/api/conftest.py` holds every answer that a test gets against it.
"""

from __future__ import annotations

from typing import Any

from veritrain_lib.server.auth import roles, session_cookie

MEDIA_TYPE = "application/problem+json"

ALWAYS = frozenset({"403", "429"})
"""A host or an origin that is not known, and too many requests: decided before anything else is looked at."""

LOGIN = frozenset({"POST /auth/login", "POST /auth/refresh"})
"""Public, and 401 all the same: for what is wrong with what is shown there."""

NOT_THERE = frozenset({
    "POST /auth/tokens", "POST /datasets", "POST /datasets/generate", "POST /datasets/generate/estimate", "POST /evaluations",
    "POST /evaluations/compare", "POST /experiments", "POST /models",
})  # fmt: skip
"""404 for something that the body names; any operation whose path names something has it too."""

BAD_STATE = frozenset({
    "POST /datasets/{dataset_id}/review", "POST /experiments/{experiment_id}/start",
    "POST /experiments/{experiment_id}/stop",
})  # fmt: skip
"""400: the thing is not in a state for that, in the words of the contract."""

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
"""409: the thing is not in a state for that."""

UPLOADS = frozenset({"POST /datasets", "POST /datasets/{dataset_id}/versions"})
"""415: a body or a file of a kind that is not read."""

OF_NOTHING = frozenset({"GET /health/live"})
"""Looks at neither database nor files, so it can't be short of them (503)."""


def answers(method: str, path: str, operation: dict[str, Any]) -> set[str]:
    """Return the statuses from 400 up that an operation may answer.

    Args:
        method: in capitals.
        path: below `/api/v1`, with its parameters in braces.
        operation: its description: whether it takes parameters and a body.
    """
    name, public = f"{method} {path}", roles.is_public(method, f"/api/v1{path}")
    body, named = "requestBody" in operation, "{" in path
    found = set(ALWAYS)
    if not public or name in LOGIN:
        found.add("401")
    if body:
        found |= {"400", "413"}
    if body or operation.get("parameters"):
        found.add("422")
    if named or name in NOT_THERE:
        found.add("404")
    if name in BAD_STATE:
        found.add("400")
    if name in CONFLICT:
        found.add("409")
    if name in UPLOADS:
        found.add("415")
    if name not in OF_NOTHING:
        found.add("503")
    return found


def describe(schema: dict[str, Any]) -> None:
    """Put a description right: sign-in, the statuses of each operation, and the media type of errors.

    FastAPI knows the statuses of all operations together only, and takes errors for plain JSON.
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
            "name": session_cookie.NAME,
            "description": "of a browser that signed in at /login",
        },
    }
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            public = roles.is_public(method.upper(), f"/api/v1{path}")
            operation["security"] = [] if public else [{"bearer": []}, {"cookie": []}]
            may = answers(method.upper(), path, operation)
            operation["responses"] = {
                code: _as_problem(told)
                for code, told in operation["responses"].items()
                if code < "400" or code in may or "Problem" not in str(told.get("content"))
            }


def _as_problem(told: dict[str, Any]) -> dict[str, Any]:
    content = told.get("content", {})
    if "Problem" not in str(content.get("application/json")):
        return told
    return {**told, "content": {MEDIA_TYPE: content["application/json"]}}
