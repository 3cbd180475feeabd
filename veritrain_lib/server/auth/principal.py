"""The authenticated principal (user or service) of a request, for every package that needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from starlette.requests import HTTPConnection

from veritrain_lib.server.auth.roles import Role


@dataclass(frozen=True)
class Principal:
    """Authenticated user or service whose request passed the gatekeeper.

    Attributes:
        user_id: Id of the account, `local` where nobody signs in.
        name: E-mail address of the account, `local` where nobody signs in.
        role: What the account may do.
        kind: How it was authenticated: by a login, by a service token, or not at all (local use).
        family: Token family by which the login or service token can be revoked; empty for local use.
    """

    user_id: str
    name: str
    role: Role
    kind: Literal["local", "session", "service"]
    family: str = ""


LOCAL = Principal("local", "local", "admin", "local")
"""Principal of every request if no SECRET_KEY is set: the server then answers to this machine only."""


def current_principal(request: HTTPConnection) -> Principal:
    """Return the principal of a request or WebSocket.

    Raises:
        RuntimeError: No gatekeeper let the request through.
    """
    principal = getattr(request.state, "principal", None)
    if not isinstance(principal, Principal):
        raise RuntimeError("the request did not pass the gatekeeper")
    return principal
