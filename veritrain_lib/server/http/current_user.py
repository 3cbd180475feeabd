"""The authenticated user or service that sent a request (`Principal`), and the FastAPI dependency for its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

Role = Literal["viewer", "editor", "admin"]
"""Role of a user, from the least to the most rights."""


@dataclass(frozen=True)
class Principal:
    """User or service that sent a request, as the gatekeeper has authenticated it.

    Attributes:
        user_id: Id of the account; `local` on a server without accounts.
        name: E-mail address of the account; `local` on a server without accounts.
        role: Role of the account.
        kind: `session` for a login, `service` for a service token, `local` on a server without accounts.
        family: Id that all tokens of the login share, and by which it can be revoked; empty on a server without
            accounts.
    """

    user_id: str
    name: str
    role: Role
    kind: Literal["local", "session", "service"]
    family: str = ""


LOCAL = Principal("local", "local", "admin", "local")
"""Sender of every request to a server without accounts (no `SECRET_KEY`), with the rights of an admin."""


def current_principal(request: HTTPConnection) -> Principal:
    """Return the authenticated user or service that sent a request or opened a WebSocket.

    Raises:
        RuntimeError: The request did not pass the gatekeeper (a programming error).
    """
    principal = getattr(request.state, "principal", None)
    if not isinstance(principal, Principal):
        raise RuntimeError("the request did not pass the gatekeeper")
    return principal


def current_user_name(request: Request) -> str:
    """Return the e-mail address of the user who sent a request; `local` on a server without accounts."""
    return current_principal(request).name


CurrentUserName = Annotated[str, Depends(current_user_name)]
"""Parameter type of a route: FastAPI fills it with the result of `current_user_name`."""
