"""Stored preferences of users, such as items per page.

Each user has one database row, which contains only the preferences that the user has changed.
"""

from __future__ import annotations

from typing import Any

from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Preference


def stored_preferences(user_id: str) -> dict[str, Any]:
    """Return the preferences that a user has changed, by name.

    Values that an earlier version stored may be invalid now.
    """
    with session() as database_session:
        row = database_session.get(Preference, user_id)
        return dict(row.content) if row else {}


def store_preferences(user_id: str, values: dict[str, Any]) -> None:
    """Store changed preferences of a user; preferences that `values` does not name keep their stored value."""
    with session() as database_session:
        row = database_session.get(Preference, user_id)
        if row is None:
            database_session.add(Preference(user_id=user_id, content=values))
        else:
            row.content = {**row.content, **values}
