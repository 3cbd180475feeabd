"""Permissions of the roles.

Viewers read, editors write, admins manage users, settings and what runs on the server.
"""

from __future__ import annotations

import re

from veritrain_lib.server.auth.origins import SAFE_METHODS
from veritrain_lib.server.http.current_user import Role

ROLES: tuple[Role, ...] = ("viewer", "editor", "admin")
"""Roles from the least to the most rights."""

PUBLIC_ENDPOINTS = frozenset({
    ("GET", "/login"), ("HEAD", "/login"), ("POST", "/login"),
    ("POST", "/api/v1/auth/login"), ("POST", "/api/v1/auth/refresh"),
    ("GET", "/api/v1/health"), ("HEAD", "/api/v1/health"),
    ("GET", "/api/v1/health/live"), ("GET", "/api/v1/health/ready"),
})  # fmt: skip
"""Endpoints that need no login: those to sign in, and the health checks."""

UNSAFE_METHOD = r"(?!GET |HEAD |OPTIONS )\S+ "

ROLE_RULES: tuple[tuple[str, Role], ...] = (
    (r"\S+ /api/v1/auth/(users|tokens)(/.*)?", "admin"),
    (r"\S+ /api/v1/approvals(/.*)?", "admin"),
    (r"\S+ /api/v1/auth/.*", "viewer"),
    (rf"{UNSAFE_METHOD}/api/v1/settings/preferences/?", "viewer"),  # a user's own preferences
    (rf"{UNSAFE_METHOD}/api/v1/settings/(system|cleanup-storage)(/.*)?", "admin"),
    (r"\S+ /socket\.io/.*", "viewer"),  # polling sends its messages by POST
    (r"\S+ /logout", "viewer"),
)
"""Paths of our own API whose role differs from the default: METHOD PATH; the first match counts."""


def includes(role: Role, required: Role) -> bool:
    """Return whether a role has all rights of another."""
    return ROLES.index(role) >= ROLES.index(required)


def required_role(method: str, path: str) -> Role:
    """Return the least role for a request to our own application (MLflow's paths have their own table)."""
    endpoint = f"{method} {path}"
    for pattern, role in ROLE_RULES:
        if re.fullmatch(pattern, endpoint):
            return role
    return "viewer" if method in SAFE_METHODS else "editor"


def is_public(method: str, path: str) -> bool:
    """Return whether a request needs no login."""
    return (method, path) in PUBLIC_ENDPOINTS


def is_health(method: str, path: str) -> bool:
    """Return whether a request is a health check."""
    return is_public(method, path) and path.startswith("/api/v1/health")


def allowed_for_services(method: str, path: str) -> bool:
    """Return whether a service token may send a request; it must not create tokens or accounts."""
    return not path.startswith("/api/v1/auth/") or (method, path) in (
        ("GET", "/api/v1/auth/me"),
        ("POST", "/api/v1/auth/logout"),
    )
