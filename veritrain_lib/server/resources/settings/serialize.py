"""Serializer of settings and preferences: their values, and which of them are not supported."""

from __future__ import annotations

from veritrain_lib.server.http.unsupported_fields import UNSUPPORTED_PREFERENCES, UNSUPPORTED_SETTINGS
from veritrain_lib.server.resources.settings.preferences import read_preferences
from veritrain_lib.server.resources.settings.schemas import PreferencesResponse, SystemSettingsResponse
from veritrain_lib.server.settings import stored


def serialize_settings() -> SystemSettingsResponse:
    """Return the response with the current settings and the measured disk usage."""
    return SystemSettingsResponse(
        **dict(stored.settings_with_usage()), unsupported=sorted(UNSUPPORTED_SETTINGS)
    )


def serialize_preferences(user_id: str) -> PreferencesResponse:
    """Return the response with the preferences of a user."""
    return PreferencesResponse(
        **dict(read_preferences(user_id)), user_id=user_id, unsupported=sorted(UNSUPPORTED_PREFERENCES)
    )
