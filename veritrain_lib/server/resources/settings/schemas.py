"""Schemas of the requests and responses of the settings routes.

Those of the settings are in `server/settings/sections.py`.
"""

from __future__ import annotations

from pydantic import Field

from veritrain_lib.server.http.casing import DualCaseResponse, RequestModel, ResponseModel
from veritrain_lib.server.http.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from veritrain_lib.server.settings.sections import SystemSettings, SystemSettingsUpdate


class SystemSettingsResponse(SystemSettings):
    """Settings of the server, with the paths of those that have no effect (`unsupported`)."""

    unsupported: list[str] = Field(description="paths of unsupported settings; they keep their defaults")


class SystemSettingsRequest(SystemSettingsUpdate):
    """Request body that changes settings of the server; a setting that is missing stays as it is.

    `unsupported` is ignored, so that a client can send back what it received.
    """

    unsupported: list[str] | None = Field(default=None, max_length=1000, description="ignored")


class PreferenceValues(ResponseModel):
    """Preferences of a user with their defaults."""

    display_name: str = Field(default="", max_length=200)
    email: str = Field(default="", max_length=254, pattern=r"^(|[^@\s]+@[^@\s]+)$")
    avatar_url: str | None = Field(default=None, max_length=2000)
    email_notifications: bool = False
    desktop_notifications: bool = False
    weekly_summary: bool = False
    preferred_language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
    items_per_page: int = Field(
        default=DEFAULT_PAGE_SIZE,
        ge=1,
        le=MAX_PAGE_SIZE,
        description="items on a page of a list if no size is requested",
    )
    default_view: str = Field(default="list", max_length=40)


class PreferencesResponse(PreferenceValues):
    """Preferences of the user who sent the request, with the names of those that have no effect (`unsupported`)."""

    user_id: str = Field(description="`local` if sign-in is not configured")
    unsupported: list[str] = Field(description="unsupported preferences; they keep their defaults")


class PreferencesUpdateRequest(RequestModel):
    """Request body that changes preferences; one that is missing stays as it is.

    `user_id` and `unsupported` are ignored, so that a client can send back what it received.
    """

    user_id: str | None = Field(default=None, max_length=64)
    display_name: str | None = Field(default=None, max_length=200)
    email: str | None = Field(default=None, max_length=254, pattern=r"^(|[^@\s]+@[^@\s]+)$")
    avatar_url: str | None = Field(default=None, max_length=2000)
    email_notifications: bool | None = None
    desktop_notifications: bool | None = None
    weekly_summary: bool | None = None
    preferred_language: str | None = Field(default=None, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
    items_per_page: int | None = Field(default=None, ge=1, le=MAX_PAGE_SIZE)
    default_view: str | None = Field(default=None, max_length=40)
    unsupported: list[str] | None = Field(
        default=None, max_length=100, description="may be sent back; ignored"
    )


class ConnectionTestRequest(RequestModel):
    """Request body of a connection test: the address of a service with which the server is configured."""

    url: str = Field(min_length=1, max_length=2000, description="an address of a configured service")


class ConnectionTestResponse(ResponseModel):
    """Result of a connection test."""

    success: bool
    latency: float = Field(ge=0, description="milliseconds")
    message: str


class CleanupResponse(DualCaseResponse):
    """Result of a clean-up of the server's disk: number of deleted files, folders and tokens, and freed space."""

    deleted_items: int = Field(ge=0)
    freed_space: float = Field(ge=0, description="megabytes (1,048,576 bytes)")
