"""Routes of /api/v1/settings. Settings that have no effect on this server are listed as `unsupported`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from veritrain_lib.server.http.current_user import current_principal
from veritrain_lib.server.resources.settings import cleanup, connection
from veritrain_lib.server.resources.settings.preferences import update_preferences
from veritrain_lib.server.resources.settings.schemas import (
    CleanupResponse,
    ConnectionTestRequest,
    ConnectionTestResponse,
    PreferencesResponse,
    PreferencesUpdateRequest,
    SystemSettingsRequest,
    SystemSettingsResponse,
)
from veritrain_lib.server.resources.settings.serialize import serialize_preferences, serialize_settings
from veritrain_lib.server.settings import stored
from veritrain_lib.server.settings.usage import MB, used_bytes

router = APIRouter(tags=["settings"])


@router.get("/settings/system", response_model=SystemSettingsResponse, summary="Get the system settings")
def get_system() -> Any:
    """Return the server's settings in six sections, with the measured disk usage."""
    return serialize_settings()


@router.put("/settings/system", response_model=SystemSettingsResponse, summary="Change the system settings")
def change_system(changes: SystemSettingsRequest) -> Any:
    """Change settings of the server: any sections, and any settings of a section.

    The response is 422 for a value out of range, and for an unsupported setting with another value than its default; it
    names the field.
    """
    stored.update_settings(changes)
    return serialize_settings()


@router.post(
    "/settings/system/reset", response_model=SystemSettingsResponse, summary="Reset the system settings"
)
def reset_system() -> Any:
    """Reset all of the server's settings to their defaults."""
    stored.reset_settings()
    return serialize_settings()


@router.get(
    "/settings/preferences",
    response_model=PreferencesResponse,
    summary="Get the preferences of the current user",
)
def get_preferences(request: Request) -> Any:
    """Return the preferences of the user who sent the request."""
    return serialize_preferences(current_principal(request).user_id)


@router.put(
    "/settings/preferences",
    response_model=PreferencesResponse,
    summary="Change the preferences of the current user",
)
def change_preferences(request: Request, changes: PreferencesUpdateRequest) -> Any:
    """Change preferences of the user who sent the request.

    The response is 422 for an unsupported preference with another value than its default; it names the field.
    """
    user_id = current_principal(request).user_id
    update_preferences(user_id, changes)
    return serialize_preferences(user_id)


@router.post(
    "/settings/test-connection",
    response_model=ConnectionTestResponse,
    summary="Test the connection to a configured service",
)
def test_connection(requested: ConnectionTestRequest, request: Request) -> Any:
    """Test whether the server can reach a service with which it is configured, or itself.

    The response is 422 for any other address, and for an address that redirects to one.
    """
    limits = stored.system_settings().api
    server_addresses = connection.server_origins(request.scope.get("server"), str(request.base_url))
    return connection.test_service(
        requested.url, limits.timeout_seconds, limits.retry_attempts, server_addresses
    ).__dict__


@router.post(
    "/settings/cleanup-storage",
    response_model=CleanupResponse,
    summary="Delete data that is no longer needed",
)
def clean_up_storage() -> Any:
    """Delete data that the server no longer needs.

    Deleted are job logs of runs that ended more than `storage.data_retention_days` days ago, abandoned work directories
    of notebooks, and expired tokens.
    """
    result = cleanup.clean_up(stored.system_settings().storage.data_retention_days)
    used_bytes(force=True)
    return CleanupResponse(deleted_items=result.items, freed_space=result.freed_bytes / MB)
