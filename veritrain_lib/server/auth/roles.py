"""What a role may do: viewers read, editors write, admins look after users, settings and what runs on the server."""

from __future__ import annotations

import re
from typing import Literal

from veritrain_lib.server.auth.origins import SAFE

Role = Literal["viewer", "editor", "admin"]

ROLES: tuple[Role, ...] = ("viewer", "editor", "admin")
"""From the least to the most."""

PUBLIC = frozenset({
    ("GET", "/login"), ("HEAD", "/login"), ("POST", "/login"),
    ("POST", "/api/v1/auth/login"), ("POST", "/api/v1/auth/refresh"),
    ("GET", "/api/v1/health"), ("HEAD", "/api/v1/health"),
    ("GET", "/api/v1/health/live"), ("GET", "/api/v1/health/ready"),
})  # fmt: skip
"""What is answered without a login: the ways to one, and whether the server lives."""

UNSAFE = r"(?!GET |HEAD |OPTIONS )\S+ "

RULES: tuple[tuple[str, Role], ...] = (
    (r"\S+ /api/v1/auth/(users|tokens)(/.*)?", "admin"),
    (r"\S+ /api/v1/approvals(/.*)?", "admin"),
    (r"\S+ /api/v1/auth/.*", "viewer"),
    (rf"{UNSAFE}/api/v1/settings/preferences/?", "viewer"),  # one's own
    (rf"{UNSAFE}/api/v1/settings/(system|cleanup-storage)(/.*)?", "admin"),
    (r"\S+ /socket\.io/.*", "viewer"),  # polling sends its messages by POST
    (r"\S+ /logout", "viewer"),
)
"""Our own paths that differ from the usual: METHOD PATH, the first that fits."""


def may(role: Role, needed: Role) -> bool:
    """Whether a role includes another."""
    return ROLES.index(role) >= ROLES.index(needed)


def needed_here(method: str, path: str) -> Role:
    """The least role that may ask this of our own application (MLflow's paths have a table of their own)."""
    asked = f"{method} {path}"
    for pattern, role in RULES:
        if re.fullmatch(pattern, asked):
            return role
    return "viewer" if method in SAFE else "editor"


def is_public(method: str, path: str) -> bool:
    """Whether no login is needed."""
    return (method, path) in PUBLIC


def is_health(method: str, path: str) -> bool:
    """Whether this only asks if the server lives."""
    return is_public(method, path) and path.startswith("/api/v1/health")


def for_services(method: str, path: str) -> bool:
    """Whether a service token may ask this: it must not be able to make more of its kind, or accounts."""
    return not path.startswith("/api/v1/auth/") or (method, path) in (
        ("GET", "/api/v1/auth/me"),
        ("POST", "/api/v1/auth/logout"),
    )
