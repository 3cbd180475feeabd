"""Preferences of users, stored for each user, or for `local` if sign-in is not configured."""

from __future__ import annotations

from pydantic import ValidationError

from veritrain_lib.server.database.preferences import store_preferences, stored_preferences
from veritrain_lib.server.http.unsupported_fields import UNSUPPORTED_PREFERENCES, refuse_unsupported
from veritrain_lib.server.resources.settings.schemas import PreferencesUpdateRequest, PreferenceValues


def read_preferences(user_id: str) -> PreferenceValues:
    """Return the preferences of a user; a stored value that is no longer valid is replaced by its default."""
    content = stored_preferences(user_id)
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
    store_preferences(user_id, values)
