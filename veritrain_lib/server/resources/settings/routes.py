"""Routes of /api/v1/settings, in snake_case. Each setting has an effect or is listed under `unsupported`."""

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
    """Return all six sections; the storage usage is measured."""
    return serialize_settings()


@router.put("/settings/system", response_model=SystemSettingsResponse, summary="Change the system settings")
def change_system(changes: SystemSettingsRequest) -> Any:
    """Change any sections and any part of a section.

    422 with the field for a value out of range, and for an unsupported setting with a value other than its default.
    """
    stored.update_settings(changes)
    return serialize_settings()


@router.post(
    "/settings/system/reset", response_model=SystemSettingsResponse, summary="Reset the system settings"
)
def reset_system() -> Any:
    """Reset every section to its defaults."""
    stored.reset_settings()
    return serialize_settings()


@router.get(
    "/settings/preferences",
    response_model=PreferencesResponse,
    summary="Get the preferences of the current user",
)
def get_preferences(request: Request) -> Any:
    """Return the preferences of the current user."""
    return serialize_preferences(current_principal(request).user_id)


@router.put(
    "/settings/preferences",
    response_model=PreferencesResponse,
    summary="Change the preferences of the current user",
)
def change_preferences(request: Request, changes: PreferencesUpdateRequest) -> Any:
    """Change any part of the preferences. 422 with the field for an unsupported preference."""
    user_id = current_principal(request).user_id
    update_preferences(user_id, changes)
    return serialize_preferences(user_id)


@router.post(
    "/settings/test-connection",
    response_model=ConnectionTestResponse,
    summary="Test the connection to a configured service",
)
def test_connection(requested: ConnectionTestRequest, request: Request) -> Any:
    """Test the connection to a configured service or to the server itself.

    422 for any other address, and for an address that redirects to one.
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
    """Delete data that is no longer needed.

    These are log lines of finished runs that are stored with the run and older than `storage.data_retention_days`,
    abandoned work directories of stages, and expired tokens.
    """
    result = cleanup.clean_up(stored.system_settings().storage.data_retention_days)
    used_bytes(force=True)
    return CleanupResponse(deleted_items=result.items, freed_space=result.freed_bytes / MB)
