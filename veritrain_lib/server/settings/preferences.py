"""What a person likes: kept for each user, or for `local` where nobody signs in."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError

from veritrain_lib.server.api.casing import Answer, Given
from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Preference
from veritrain_lib.server.settings.supported import UNSUPPORTED_PREFERENCES, refuse


class Liked(Answer):
    """Preferences with their defaults."""

    display_name: str = Field(default="", max_length=200)
    email: str = Field(default="", max_length=254, pattern=r"^(|[^@\s]+@[^@\s]+)$")
    avatar_url: str | None = Field(default=None, max_length=2000)
    email_notifications: bool = False
    desktop_notifications: bool = False
    weekly_summary: bool = False
    preferred_language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
    items_per_page: int = Field(
        default=20, ge=1, le=100, description="on a page of a list when no size is asked for"
    )
    default_view: str = Field(default="list", max_length=40)


class LikedChange(Given):
    """Any part of the preferences; `user_id` may be sent back."""

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
        default=None, max_length=100, description="sent back; not looked at"
    )


def liked(user_id: str) -> Liked:
    """What somebody likes; a preference that is no longer possible has its default."""
    with session() as opened:
        row = opened.get(Preference, user_id)
        content: dict[str, Any] = dict(row.content) if row else {}
    try:
        return Liked.model_validate(content)
    except ValidationError as error:
        wrong = {str(one["loc"][0]) for one in error.errors()}
        return Liked.model_validate({name: one for name, one in content.items() if name not in wrong})


def like(user_id: str, given: LikedChange) -> None:
    """Keep what was given. Raises WrongField for what nothing obeys."""
    wanted = given.model_dump(exclude_none=True, exclude={"user_id", "unsupported"})
    for field, why in UNSUPPORTED_PREFERENCES.items():
        if field in wanted:
            refuse(field, why, wanted[field], getattr(Liked(), field))
    with session() as opened:
        row = opened.get(Preference, user_id)
        if row is None:
            opened.add(Preference(user_id=user_id, content=wanted))
        else:
            row.content = {**row.content, **wanted}


def items_per_page(user_id: str) -> int:
    """How many items somebody wants on a page."""
    return liked(user_id).items_per_page
