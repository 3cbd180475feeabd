"""Conversion of user accounts and service tokens to their API responses."""

from __future__ import annotations

from veritrain_lib.server.database.tables import Token, User
from veritrain_lib.server.http.current_user import Principal
from veritrain_lib.server.resources.auth.schemas import CurrentUserResponse, TokenResponse, UserResponse


def serialize_user(user: User) -> UserResponse:
    """Return the API response for a user account."""
    return UserResponse.model_validate(user, from_attributes=True)


def serialize_token(token: Token, email: str) -> TokenResponse:
    """Return the API response for a service token, without its text; `email` is the address of its account."""
    return TokenResponse(
        id=token.id, name=token.name, user_id=token.user_id, email=email, created_at=token.created_at,
        expires_at=token.expires_at,
    )  # fmt: skip


def serialize_principal(principal: Principal) -> CurrentUserResponse:
    """Return the API response for the user or service that sent a request."""
    email = None if principal.kind == "local" else principal.name
    return CurrentUserResponse(id=principal.user_id, email=email, role=principal.role, kind=principal.kind)
