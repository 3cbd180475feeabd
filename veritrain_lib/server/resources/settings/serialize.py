"""Conversion of settings and preferences to API responses, with the names of those that have no effect."""

from __future__ import annotations

from veritrain_lib.server.http.unsupported_fields import UNSUPPORTED_PREFERENCES, UNSUPPORTED_SETTINGS
from veritrain_lib.server.resources.settings.preferences import read_preferences
from veritrain_lib.server.resources.settings.schemas import PreferencesResponse, SystemSettingsResponse
from veritrain_lib.server.settings import stored


def serialize_settings() -> SystemSettingsResponse:
    """Return the API response for the server's current settings, with the measured disk usage."""
    return SystemSettingsResponse(
        **dict(stored.settings_with_usage()), unsupported=sorted(UNSUPPORTED_SETTINGS)
    )


def serialize_preferences(user_id: str) -> PreferencesResponse:
    """Return the API response for a user's preferences."""
    return PreferencesResponse(
        **dict(read_preferences(user_id)), user_id=user_id, unsupported=sorted(UNSUPPORTED_PREFERENCES)
    )
