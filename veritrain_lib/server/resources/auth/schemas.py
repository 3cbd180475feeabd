"""Request and response schemas of the routes for sign-in, user accounts and service tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AliasChoices, Field, StringConstraints

from veritrain_lib.server.auth import passwords, sessions, users
from veritrain_lib.server.http.casing import RequestModel, ResponseModel
from veritrain_lib.server.http.current_user import Role
from veritrain_lib.server.http.paging import Page

SINGLE_LINE = r"^[^\x00-\x1f\x7f]*$"
"""Regular expression for one line of text, without control characters."""

Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=users.EMAIL)]
"""E-mail address of at most 254 characters."""
Name = Annotated[str, Field(max_length=200, pattern=SINGLE_LINE)]
"""One line of text of at most 200 characters."""
Password = Annotated[str, Field(min_length=passwords.MIN_LENGTH, max_length=passwords.MAX_LENGTH)]
"""New password of 12 to 256 characters."""


class LoginRequest(RequestModel):
    """Request body of a sign-in: e-mail address and password."""

    email: str = Field(max_length=254)
    password: str = Field(max_length=passwords.MAX_LENGTH)


class RefreshRequest(RequestModel):
    """Request body that renews a login: its refresh token."""

    refresh_token: str = Field(max_length=4096)


class PasswordChangeRequest(RequestModel):
    """Request body of a password change: the current password and the new one."""

    current_password: str = Field(max_length=passwords.MAX_LENGTH)
    new_password: Password


class UserCreateRequest(RequestModel):
    """Request body of a new user account."""

    email: Email
    password: Password
    role: Role = "viewer"
    name: Name = ""


class UserUpdateRequest(RequestModel):
    """Request body that changes a user account; a field that is missing stays as it is."""

    role: Role | None = None
    name: Name | None = None
    is_active: bool | None = Field(None, validation_alias=AliasChoices("is_active", "isActive", "active"))


class TokenCreateRequest(RequestModel):
    """Request body of a new service token, which expires after `days` days.

    The token belongs to the account with the e-mail address `email`, by default to the user who sent the request.
    """

    name: Name
    email: Email | None = None
    days: int = Field(90, ge=1, le=3650)


class LoginResponse(ResponseModel):
    """Access and refresh token of a login; the access token is valid for `expires_in` seconds."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"
    expires_in: int = sessions.ACCESS_S


class CurrentUserResponse(ResponseModel):
    """Account of the user who sent the request; its id is `local` on a server without user accounts."""

    id: str
    email: str | None
    role: Role
    kind: str


class UserResponse(ResponseModel):
    """User account, without its password."""

    id: str
    email: str
    name: str
    role: Role
    is_active: bool
    created_at: datetime


class UserPage(Page):
    """One page of the list of user accounts."""

    items: list[UserResponse]


class TokenResponse(ResponseModel):
    """Service token of a program, without the text by which it is used."""

    id: str
    name: str
    user_id: str
    email: str
    created_at: datetime
    expires_at: datetime


class NewTokenResponse(TokenResponse):
    """Service token that was just created; `token` is its text, which no later response contains."""

    token: str


class TokenPage(Page):
    """One page of the list of service tokens."""

    items: list[TokenResponse]
