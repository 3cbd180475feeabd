"""Serializer of accounts and service tokens."""

from __future__ import annotations

from veritrain_lib.server.database.tables import Token, User
from veritrain_lib.server.http.current_user import Principal
from veritrain_lib.server.resources.auth.schemas import CurrentUserResponse, TokenResponse, UserResponse


def serialize_user(user: User) -> UserResponse:
    """Return the response for an account."""
    return UserResponse.model_validate(user, from_attributes=True)


def serialize_token(token: Token, email: str) -> TokenResponse:
    """Return the response for a service token; `email` is that of its account."""
    return TokenResponse(
        id=token.id, name=token.name, user_id=token.user_id, email=email, created_at=token.created_at,
        expires_at=token.expires_at,
    )  # fmt: skip


def serialize_principal(principal: Principal) -> CurrentUserResponse:
    """Return the response for the account that sends a request."""
    email = None if principal.kind == "local" else principal.name
    return CurrentUserResponse(id=principal.user_id, email=email, role=principal.role, kind=principal.kind)
