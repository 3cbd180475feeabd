"""The principal (user or service) that a request is from, and dependencies of routes that need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

Role = Literal["viewer", "editor", "admin"]


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


def current_user_name(request: Request) -> str:
    """Return the e-mail address of the user who is signed in; `local` if sign-in is not configured."""
    return current_principal(request).name


CurrentUserName = Annotated[str, Depends(current_user_name)]
