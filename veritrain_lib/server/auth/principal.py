"""Who is calling, for every room that wants to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from starlette.requests import HTTPConnection

from veritrain_lib.server.auth.roles import Role


@dataclass(frozen=True)
class Caller:
    """Somebody whose request was let through.

    Attributes:
        user_id: id of the account, `local` where nobody signs in.
        name: e-mail address of the account, `local` where nobody signs in.
        role: what the account may do.
        kind: how it was shown: by a login, by a service token, or not at all (local use).
        family: what the login or token can be revoked by; empty for local use.
    """

    user_id: str
    name: str
    role: Role
    kind: Literal["local", "session", "service"]
    family: str = ""


LOCAL = Caller("local", "local", "admin", "local")
"""Everybody, where no SECRET_KEY is set: the server then answers to this machine only."""


def current_caller(request: HTTPConnection) -> Caller:
    """Who sent a request (or opened a WebSocket). Raises RuntimeError where no gatekeeper let it through."""
    found = getattr(request.state, "caller", None)
    if not isinstance(found, Caller):
        raise RuntimeError("a request came past the gatekeeper")
    return found
