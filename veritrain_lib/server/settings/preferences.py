"""Preferences of users, stored for each user, or for `local` if sign-in is not configured."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError

from veritrain_lib.server.api.casing import RequestModel, ResponseModel
from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Preference
from veritrain_lib.server.settings.supported import UNSUPPORTED_PREFERENCES, refuse_unsupported


class PreferenceValues(ResponseModel):
    """Preferences with their defaults."""

    display_name: str = Field(default="", max_length=200)
    email: str = Field(default="", max_length=254, pattern=r"^(|[^@\s]+@[^@\s]+)$")
    avatar_url: str | None = Field(default=None, max_length=2000)
    email_notifications: bool = False
    desktop_notifications: bool = False
    weekly_summary: bool = False
    preferred_language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
    items_per_page: int = Field(
        default=20, ge=1, le=100, description="items on a page of a list if no size is requested"
    )
    default_view: str = Field(default="list", max_length=40)


class PreferencesUpdateRequest(RequestModel):
    """Any part of the preferences; `user_id` may be sent back unchanged."""

    user_id: str | None = Field(default=None, max_length=64)
    display_name: str | None = Field(default=None, max_length=200)
    email: str | None = Field(default=None, max_length=254, pattern=r"^(|[^@\s]+@[^@\s]+)$")
    avatar_url: str | None = Field(default=None, max_length=2000)
    email_notifications: bool | None = None
    desktop_notifications: bool | None = None
    weekly_summary: bool | None = None
    preferred_language: str | None = Field(default=None, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
    items_per_page: int | None = Field(default=None, ge=1, le=100)
    default_view: str | None = Field(default=None, max_length=40)
    unsupported: list[str] | None = Field(
        default=None, max_length=100, description="may be sent back; ignored"
    )


def read_preferences(user_id: str) -> PreferenceValues:
    """Return the preferences of a user; a stored value that is no longer valid is replaced by its default."""
    with session() as database_session:
        row = database_session.get(Preference, user_id)
        content: dict[str, Any] = dict(row.content) if row else {}
    try:
        return PreferenceValues.model_validate(content)
    except ValidationError as error:
        invalid = {str(fault["loc"][0]) for fault in error.errors()}
        return PreferenceValues.model_validate(
            {name: value for name, value in content.items() if name not in invalid}
        )


def update_preferences(user_id: str, changes: PreferencesUpdateRequest) -> None:
    """Store changed preferences. Raises WrongField for an unsupported preference."""
    values = changes.model_dump(exclude_none=True, exclude={"user_id", "unsupported"})
    for field, reason in UNSUPPORTED_PREFERENCES.items():
        if field in values:
            refuse_unsupported(field, reason, values[field], getattr(PreferenceValues(), field))
    with session() as database_session:
        row = database_session.get(Preference, user_id)
        if row is None:
            database_session.add(Preference(user_id=user_id, content=values))
        else:
            row.content = {**row.content, **values}


def items_per_page(user_id: str) -> int:
    """Return the number of items on a page that a user prefers."""
    return read_preferences(user_id).items_per_page
