"""Routes of /api/v1: settings. They speak snake_case; each setting is obeyed, or listed under `unsupported`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field

from veritrain_lib.server.api.casing import Answer, Given, TwofoldAnswer
from veritrain_lib.server.auth.principal import current_caller
from veritrain_lib.server.settings import cleanup, connection, stored
from veritrain_lib.server.settings.preferences import Liked, LikedChange, like, liked
from veritrain_lib.server.settings.sections import System, SystemChange
from veritrain_lib.server.settings.supported import UNSUPPORTED, UNSUPPORTED_PREFERENCES
from veritrain_lib.server.settings.usage import MB, used_bytes

router = APIRouter(tags=["settings"])


class SystemSettings(System):
    """The system's settings."""

    unsupported: list[str] = Field(
        description="paths of settings that nothing obeys; they keep their defaults"
    )


class Preferences(Liked):
    """What the caller likes."""

    user_id: str = Field(description="`local` where nobody signs in")
    unsupported: list[str] = Field(description="preferences that nothing obeys; they keep their defaults")


class Address(Given):
    """A service to look at."""

    url: str = Field(min_length=1, max_length=2000, description="an address of a configured service")


class ConnectionSeen(Answer):
    """Whether it answered."""

    success: bool
    latency: float = Field(ge=0, description="milliseconds")
    message: str


class CleanedUp(TwofoldAnswer):
    """What was deleted."""

    deleted_items: int = Field(ge=0)
    freed_space: float = Field(ge=0, description="megabytes (1,048,576 bytes)")


class SystemChangeGiven(SystemChange):
    """As it was answered, or any part of it; `unsupported` may be sent back."""

    unsupported: list[str] | None = Field(default=None, max_length=1000, description="not looked at")


@router.get("/settings/system", response_model=SystemSettings, summary="The system's settings")
def get_system() -> Any:
    """All six sections; the room that the record takes is measured."""
    return _system()


@router.put("/settings/system", response_model=SystemSettings, summary="Change the system's settings")
def change_system(given: SystemChangeGiven) -> Any:
    """Takes any sections and any part of a section.

    422 with the field for a value out of its range, and for an unsupported setting that would leave its default.
    """
    stored.change(given)
    return _system()


@router.post("/settings/system/reset", response_model=SystemSettings, summary="Back to the defaults")
def reset_system() -> Any:
    """Every section."""
    stored.reset()
    return _system()


@router.get("/settings/preferences", response_model=Preferences, summary="What the caller likes")
def get_preferences(request: Request) -> Any:
    """Of the user who asks."""
    return _preferences(current_caller(request).user_id)


@router.put("/settings/preferences", response_model=Preferences, summary="Change what the caller likes")
def change_preferences(request: Request, given: LikedChange) -> Any:
    """Takes any part. 422 with the field for what nothing obeys."""
    user_id = current_caller(request).user_id
    like(user_id, given)
    return _preferences(user_id)


@router.post(
    "/settings/test-connection", response_model=ConnectionSeen, summary="Does a configured service answer?"
)
def test_connection(given: Address, request: Request) -> Any:
    """Reaches services that the server is configured for and the server itself, nothing else; 422 for any other address,
    and for one that leads to it."""
    holds = stored.system().api
    own = connection.own_origins(request.scope.get("server"), str(request.base_url))
    return connection.test(given.url, holds.timeout_seconds, holds.retry_attempts, own).__dict__


@router.post("/settings/cleanup-storage", response_model=CleanedUp, summary="Delete what may go")
def clean_up_storage() -> Any:
    """Lines of ended runs that are stored with the run and older than `storage.data_retention_days`, desks of stages
    that nobody works at, and expired tokens."""
    done = cleanup.clean_up(stored.system().storage.data_retention_days)
    used_bytes(anew=True)
    return CleanedUp(deleted_items=done.items, freed_space=done.freed / MB)


def _system() -> SystemSettings:
    return SystemSettings(**dict(stored.measured()), unsupported=sorted(UNSUPPORTED))


def _preferences(user_id: str) -> Preferences:
    return Preferences(**dict(liked(user_id)), user_id=user_id, unsupported=sorted(UNSUPPORTED_PREFERENCES))
