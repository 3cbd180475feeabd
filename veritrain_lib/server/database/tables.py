"""SQLAlchemy definitions of the server's own tables; the name of each begins with `veritrain_`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from veritrain_lib.tracking.state.tables import PREFIX as STATE_PREFIX

PREFIX = "veritrain_"
VERSION_TABLE = f"{PREFIX}alembic_version"


def is_veritrain_table(
    schema_item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any
) -> bool:
    """Return whether Alembic should manage an item of the database schema (a hook for `include_object`).

    Only the server's own tables are managed: not MLflow's, and not the tables `veritrain_state_*`, which have
    migrations of their own.
    """
    return kind != "table" or ((name or "").startswith(PREFIX) and not (name or "").startswith(STATE_PREFIX))


class UtcTime(TypeDecorator[datetime]):
    """SQLAlchemy column type of a time; it is stored as UTC without a zone, because SQLite has no time zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return a time as it is written to the database: in UTC, without a time zone."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return a time read from the database, with the time zone UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


class BaseTable(DeclarativeBase):
    """Base class of the server's own tables (SQLAlchemy's declarative base)."""


class User(BaseTable):
    """Table of user accounts. `role` is viewer, editor or admin; `password` is an argon2id hash."""

    __tablename__ = f"{PREFIX}users"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    password: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(20))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)


class Token(BaseTable):
    """Table of issued refresh tokens and service tokens.

    A row holds the token's id (claim `jti`), never the token itself.

    All refresh tokens of one login have the same `family`. A refresh token can be used once (`used_at`); if it comes a
    second time, all tokens of its family are revoked.
    """

    __tablename__ = f"{PREFIX}tokens"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(f"{PREFIX}users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    family: Mapped[str] = mapped_column(String(32), index=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class Setting(BaseTable):
    """Table of the server's settings: one row for each section, with its values as JSON.

    A section without a row has its defaults.
    """

    __tablename__ = f"{PREFIX}settings"

    section: Mapped[str] = mapped_column(String(40), primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(UtcTime, default=now, onupdate=now)


class Preference(BaseTable):
    """Table of the preferences of users as JSON. `user_id` is `local` on a server without accounts."""

    __tablename__ = f"{PREFIX}preferences"

    user_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(UtcTime, default=now, onupdate=now)
