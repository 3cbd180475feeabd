"""The system's settings as they are kept: a row a section, its defaults where there is none."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy import delete

from veritrain_lib.server.api.problems import Conflict
from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Setting
from veritrain_lib.server.environment import environment
from veritrain_lib.server.settings.sections import System, SystemChange
from veritrain_lib.server.settings.supported import UNSUPPORTED, refuse
from veritrain_lib.server.settings.usage import GB, used_bytes


def defaults() -> System:
    """What holds when nobody has changed anything; the rate limit is that of the environment."""
    found = System()
    return found.model_copy(
        update={"api": found.api.model_copy(update={"rate_limit_per_minute": environment().rate_limit})}
    )


def system() -> System:
    """What holds now. `storage.current_usage_gb` is as last measured by `measured`, else 0."""
    found = defaults()
    with session() as opened:
        rows = {row.section: row.content for row in opened.query(Setting)}
    return found.model_copy(
        update={
            name: _over(getattr(found, name), content)
            for name, content in rows.items()
            if name in System.model_fields
        }
    )


def measured() -> System:
    """What holds now, with the room that the record takes."""
    found = system()
    return found.model_copy(
        update={"storage": found.storage.model_copy(update={"current_usage_gb": round(used_bytes() / GB, 6)})}
    )


def default_metrics() -> list[str]:
    """The metrics that lists show, all when empty."""
    return system().evaluation.default_metrics


def change(given: SystemChange) -> None:
    """Keep what was given. Raises WrongField for a setting that nothing obeys and that would leave its default."""
    before = defaults()
    changes: dict[str, dict[str, Any]] = {}
    for name in System.model_fields:
        section: BaseModel | None = getattr(given, name)
        if section is None:
            continue
        wanted = section.model_dump(exclude_none=True)
        wanted.pop("current_usage_gb", None)
        for field, value in wanted.items():
            path = f"{name}.{field}"
            if path in UNSUPPORTED:
                refuse(path, UNSUPPORTED[path], value, getattr(getattr(before, name), field))
        if wanted:
            changes[name] = wanted
    with session() as opened:
        for name, wanted in changes.items():
            row = opened.get(Setting, name)
            if row is None:
                opened.add(Setting(section=name, content=wanted))
            else:
                row.content = {**row.content, **wanted}


def reset() -> None:
    """Back to the defaults."""
    with session() as opened:
        opened.execute(delete(Setting))


def refuse_when_full(more: int = 0) -> None:
    """Raise Conflict when the record takes more room than `storage.max_storage_gb`, `more` bytes added."""
    most = system().storage.max_storage_gb
    used = used_bytes() + more
    if used > most * GB:
        raise Conflict(
            f"the record would take {used / GB:.3f} GB and storage.max_storage_gb is {most:g}; clean up "
            "(POST /api/v1/settings/cleanup-storage), delete what is not needed, or raise the limit"
        )


def _over(section: BaseModel, content: dict[str, Any]) -> BaseModel:
    """A section with what is kept; a setting of an older version that is no longer possible has its default."""
    kept = {name: value for name, value in content.items() if name in type(section).model_fields}
    try:
        return type(section).model_validate({**section.model_dump(), **kept})
    except ValidationError as error:
        wrong = {str(one["loc"][0]) for one in error.errors()}
        good = {name: value for name, value in kept.items() if name not in wrong}
        return type(section).model_validate({**section.model_dump(), **good})
