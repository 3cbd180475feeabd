"""Functions that read and store the server's settings: a database row for each section, defaults for the rest."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy import delete

from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Setting
from veritrain_lib.server.environment import environment
from veritrain_lib.server.http.problems import Conflict
from veritrain_lib.server.http.unsupported_fields import UNSUPPORTED_SETTINGS, refuse_unsupported
from veritrain_lib.server.settings.sections import SystemSettings, SystemSettingsUpdate
from veritrain_lib.server.settings.usage import GB, used_bytes


def default_settings() -> SystemSettings:
    """Return the server's default settings; the rate limit is the one with which the server was started."""
    settings = SystemSettings()
    return settings.model_copy(
        update={"api": settings.api.model_copy(update={"rate_limit_per_minute": environment().rate_limit})}
    )


def system_settings() -> SystemSettings:
    """Return the server's current settings; `storage.current_usage_gb` is 0, since it is not measured here."""
    settings = default_settings()
    with session() as database_session:
        rows = {row.section: row.content for row in database_session.query(Setting)}
    return settings.model_copy(
        update={
            name: _merged_section(getattr(settings, name), content)
            for name, content in rows.items()
            if name in SystemSettings.model_fields
        }
    )


def settings_with_usage() -> SystemSettings:
    """Return the server's current settings with the measured disk usage."""
    settings = system_settings()
    return settings.model_copy(
        update={
            "storage": settings.storage.model_copy(update={"current_usage_gb": round(used_bytes() / GB, 6)})
        }
    )


def default_metrics() -> list[str]:
    """Return the names of the metrics that the API's list of evaluations shows; an empty list means all."""
    return system_settings().evaluation.default_metrics


def update_settings(changes: SystemSettingsUpdate) -> None:
    """Store changed settings of the server.

    Raises:
        WrongField: An unsupported setting has another value than its default.
    """
    defaults = default_settings()
    new_values: dict[str, dict[str, Any]] = {}
    for name in SystemSettings.model_fields:
        section: BaseModel | None = getattr(changes, name)
        if section is None:
            continue
        section_values = section.model_dump(exclude_none=True)
        section_values.pop("current_usage_gb", None)
        for field, value in section_values.items():
            path = f"{name}.{field}"
            if path in UNSUPPORTED_SETTINGS:
                refuse_unsupported(
                    path, UNSUPPORTED_SETTINGS[path], value, getattr(getattr(defaults, name), field)
                )
        if section_values:
            new_values[name] = section_values
    with session() as database_session:
        for name, section_values in new_values.items():
            row = database_session.get(Setting, name)
            if row is None:
                database_session.add(Setting(section=name, content=section_values))
            else:
                row.content = {**row.content, **section_values}


def reset_settings() -> None:
    """Reset all of the server's settings to their defaults."""
    with session() as database_session:
        database_session.execute(delete(Setting))


def refuse_when_full(additional_bytes: int = 0) -> None:
    """Check that the project takes no more disk space than the setting `storage.max_storage_gb` allows.

    Args:
        additional_bytes: Bytes that are about to be stored, which count too.

    Raises:
        Conflict: The project takes more.
    """
    max_gb = system_settings().storage.max_storage_gb
    used = used_bytes() + additional_bytes
    if used > max_gb * GB:
        raise Conflict(
            f"the record would take {used / GB:.3f} GB and storage.max_storage_gb is {max_gb:g}; clean up "
            "(POST /api/v1/settings/cleanup-storage), delete what is not needed, or raise the limit"
        )


def _merged_section(section: BaseModel, content: dict[str, Any]) -> BaseModel:
    """Return a section with its stored values; a value that is no longer valid is replaced by its default."""
    stored_values = {name: value for name, value in content.items() if name in type(section).model_fields}
    try:
        return type(section).model_validate({**section.model_dump(), **stored_values})
    except ValidationError as error:
        invalid = {str(fault["loc"][0]) for fault in error.errors()}
        valid_values = {name: value for name, value in stored_values.items() if name not in invalid}
        return type(section).model_validate({**section.model_dump(), **valid_values})
