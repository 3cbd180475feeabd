"""Request and response schemas of the routes for sign-in, accounts and service tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AliasChoices, Field, StringConstraints

from veritrain_lib.server.auth import passwords, sessions, users
from veritrain_lib.server.http.casing import RequestModel, ResponseModel
from veritrain_lib.server.http.current_user import Role
from veritrain_lib.server.http.paging import Page

SINGLE_LINE = r"^[^\x00-\x1f\x7f]*$"
"""Pattern of a single line of text, without control characters."""

Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=users.EMAIL)]
Name = Annotated[str, Field(max_length=200, pattern=SINGLE_LINE)]
Password = Annotated[str, Field(min_length=passwords.MIN_LENGTH, max_length=passwords.MAX_LENGTH)]


class LoginRequest(RequestModel):
    """E-mail address and password of an account."""

    email: str = Field(max_length=254)
    password: str = Field(max_length=passwords.MAX_LENGTH)


class RefreshRequest(RequestModel):
    """Refresh token of a login."""

    refresh_token: str = Field(max_length=4096)


class PasswordChangeRequest(RequestModel):
    """New password, and the current one."""

    current_password: str = Field(max_length=passwords.MAX_LENGTH)
    new_password: Password


class UserCreateRequest(RequestModel):
    """New account."""

    email: Email
    password: Password
    role: Role = "viewer"
    name: Name = ""


class UserUpdateRequest(RequestModel):
    """Changes of an account; a missing field stays as it is."""

    role: Role | None = None
    name: Name | None = None
    is_active: bool | None = Field(None, validation_alias=AliasChoices("is_active", "isActive", "active"))


class TokenCreateRequest(RequestModel):
    """New service token for the account of `email` (default: the caller's); it expires after `days`."""

    name: Name
    email: Email | None = None
    days: int = Field(90, ge=1, le=3650)


class LoginResponse(ResponseModel):
    """Tokens of a login. `expires_in`: seconds for which the access token is valid."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"
    expires_in: int = sessions.ACCESS_S


class CurrentUserResponse(ResponseModel):
    """Account that sends the request; `id` is `local` if sign-in is not configured."""

    id: str
    email: str | None
    role: Role
    kind: str


class UserResponse(ResponseModel):
    """Account of a user."""

    id: str
    email: str
    name: str
    role: Role
    is_active: bool
    created_at: datetime


class UserPage(Page):
    """Page of accounts."""

    items: list[UserResponse]


class TokenResponse(ResponseModel):
    """Service token, without its text."""

    id: str
    name: str
    user_id: str
    email: str
    created_at: datetime
    expires_at: datetime


class NewTokenResponse(TokenResponse):
    """Service token that was just created. Its text is shown only in this response."""

    token: str


class TokenPage(Page):
    """Page of service tokens."""

    items: list[TokenResponse]
