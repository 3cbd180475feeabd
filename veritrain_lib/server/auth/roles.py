"""Roles of users (viewer, editor, admin), and the minimum role for each request to the server.

Viewers read. Editors also write. Admins also manage accounts, settings, and which stored code may run on the server.
"""

from __future__ import annotations

import re

from veritrain_lib.server.auth.origins import SAFE_METHODS
from veritrain_lib.server.http.current_user import Role

ROLES: tuple[Role, ...] = ("viewer", "editor", "admin")
"""Roles of users, ordered from the fewest to the most rights."""

PUBLIC_ENDPOINTS = frozenset({
    ("GET", "/login"), ("HEAD", "/login"), ("POST", "/login"),
    ("POST", "/api/v1/auth/login"), ("POST", "/api/v1/auth/refresh"),
    ("GET", "/api/v1/health"), ("HEAD", "/api/v1/health"),
    ("GET", "/api/v1/health/live"), ("GET", "/api/v1/health/ready"),
})  # fmt: skip
"""Method and path of each endpoint that needs no login: those to sign in, and the health checks."""

UNSAFE_METHOD = r"(?!GET |HEAD |OPTIONS )\S+ "
"""Beginning of a regular expression of `ROLE_RULES`; it stands for any HTTP method that may change something."""

ROLE_RULES: tuple[tuple[str, Role], ...] = (
    (r"\S+ /api/v1/auth/(users|tokens)(/.*)?", "admin"),
    (r"\S+ /api/v1/approvals(/.*)?", "admin"),
    (r"\S+ /api/v1/auth/.*", "viewer"),
    (rf"{UNSAFE_METHOD}/api/v1/settings/preferences/?", "viewer"),  # a user's own preferences
    (rf"{UNSAFE_METHOD}/api/v1/settings/(system|cleanup-storage)(/.*)?", "admin"),
    (r"\S+ /socket\.io/.*", "viewer"),  # polling sends its messages by POST
    (r"\S+ /logout", "viewer"),
    (r"\S+ /flower(/.*)?", "admin"),
)
"""Endpoints of our own API whose minimum role differs from the default (`required_role`).

Each entry is a regular expression for `METHOD PATH` and the role; the first one that matches counts.
"""


def includes(role: Role, required: Role) -> bool:
    """Return whether a role has all rights of another: viewer < editor < admin."""
    return ROLES.index(role) >= ROLES.index(required)


def required_role(method: str, path: str) -> Role:
    """Return the minimum role for a request to our own API and pages.

    It is viewer to read and editor to write, unless a rule in `ROLE_RULES` names another role for the endpoint. MLflow's
    paths have a table of their own (`tracking/mlflow_routes.py`).
    """
    endpoint = f"{method} {path}"
    for pattern, role in ROLE_RULES:
        if re.fullmatch(pattern, endpoint):
            return role
    return "viewer" if method in SAFE_METHODS else "editor"


def is_public(method: str, path: str) -> bool:
    """Return whether an endpoint, such as the login page, needs no login."""
    return (method, path) in PUBLIC_ENDPOINTS


def is_health(method: str, path: str) -> bool:
    """Return whether a request is a health check of the server, such as those that a load balancer sends."""
    return is_public(method, path) and path.startswith("/api/v1/health")


def allowed_for_services(method: str, path: str) -> bool:
    """Return whether a service token may be used for a request.

    A program with a service token may not manage accounts or tokens; under /auth it may only ask who it is and log out.
    """
    return not path.startswith("/api/v1/auth/") or (method, path) in (
        ("GET", "/api/v1/auth/me"),
        ("POST", "/api/v1/auth/logout"),
    )
