"""Stored preferences of users: each user has one row, with only the preferences that were changed."""

from __future__ import annotations

from typing import Any

from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Preference


def stored_preferences(user_id: str) -> dict[str, Any]:
    """Return the preferences that a user changed, by name; they may be of an earlier version and no longer valid."""
    with session() as database_session:
        row = database_session.get(Preference, user_id)
        return dict(row.content) if row else {}


def store_preferences(user_id: str, values: dict[str, Any]) -> None:
    """Store changed preferences of a user beside those that were changed before."""
    with session() as database_session:
        row = database_session.get(Preference, user_id)
        if row is None:
            database_session.add(Preference(user_id=user_id, content=values))
        else:
            row.content = {**row.content, **values}
