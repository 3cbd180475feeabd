"""What clients send and get about sign-in, accounts and service tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AliasChoices, Field, StringConstraints

from veritrain_lib.server.api.casing import Answer, Given
from veritrain_lib.server.api.paging import Page
from veritrain_lib.server.auth import passwords, sessions, users
from veritrain_lib.server.auth.roles import Role

LINE = r"^[^\x00-\x1f\x7f]*$"
"""One line of text."""

Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=users.EMAIL)]
Name = Annotated[str, Field(max_length=200, pattern=LINE)]
Password = Annotated[str, Field(min_length=passwords.SHORTEST, max_length=passwords.LONGEST)]


class LoginGiven(Given):
    """An account and its password."""

    email: str = Field(max_length=254)
    password: str = Field(max_length=passwords.LONGEST)


class RefreshGiven(Given):
    """The refresh token of a login."""

    refresh_token: str = Field(max_length=4096)


class PasswordGiven(Given):
    """A new password, and the one so far."""

    current_password: str = Field(max_length=passwords.LONGEST)
    new_password: Password


class UserGiven(Given):
    """A new account."""

    email: Email
    password: Password
    role: Role = "viewer"
    name: Name = ""


class UserChange(Given):
    """What is to be different about an account; what is left out stays."""

    role: Role | None = None
    name: Name | None = None
    is_active: bool | None = Field(None, validation_alias=AliasChoices("is_active", "isActive", "active"))


class TokenGiven(Given):
    """A new service token: for the account of `email`, or one's own; it ends after `days`."""

    name: Name
    email: Email | None = None
    days: int = Field(90, ge=1, le=3650)


class LoginAnswer(Answer):
    """The tokens of a login. `expires_in`: seconds that the access token holds."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"
    expires_in: int = sessions.ACCESS_S


class MeAnswer(Answer):
    """Who is calling; `id` is `local` where nobody signs in."""

    id: str
    email: str | None
    role: Role
    kind: str


class UserAnswer(Answer):
    """An account."""

    id: str
    email: str
    name: str
    role: Role
    is_active: bool
    created_at: datetime


class UserPage(Page):
    """A page of accounts."""

    items: list[UserAnswer]


class TokenAnswer(Answer):
    """A service token, without its text."""

    id: str
    name: str
    user_id: str
    email: str
    created_at: datetime
    expires_at: datetime


class NewTokenAnswer(TokenAnswer):
    """A service token that was just made. Its text is shown this once."""

    token: str


class TokenPage(Page):
    """A page of service tokens."""

    items: list[TokenAnswer]
