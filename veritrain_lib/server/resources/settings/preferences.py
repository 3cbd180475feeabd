"""Functions that read and change a user's preferences; a server without accounts has one user, `local`."""

from __future__ import annotations

from pydantic import ValidationError

from veritrain_lib.server.database.preferences import store_preferences, stored_preferences
from veritrain_lib.server.http.unsupported_fields import UNSUPPORTED_PREFERENCES, refuse_unsupported
from veritrain_lib.server.resources.settings.schemas import PreferencesUpdateRequest, PreferenceValues


def read_preferences(user_id: str) -> PreferenceValues:
    """Return the preferences of a user; a preference that is not stored, or no longer valid, has its default."""
    content = stored_preferences(user_id)
    try:
        return PreferenceValues.model_validate(content)
    except ValidationError as error:
        invalid = {str(fault["loc"][0]) for fault in error.errors()}
        return PreferenceValues.model_validate(
            {name: value for name, value in content.items() if name not in invalid}
        )


def update_preferences(user_id: str, changes: PreferencesUpdateRequest) -> None:
    """Store preferences that a user has changed.

    Raises:
        WrongField: A preference that this server does not support is set to another value than its default.
    """
    values = changes.model_dump(exclude_none=True, exclude={"user_id", "unsupported"})
    for field, reason in UNSUPPORTED_PREFERENCES.items():
        if field in values:
            refuse_unsupported(field, reason, values[field], getattr(PreferenceValues(), field))
    store_preferences(user_id, values)
